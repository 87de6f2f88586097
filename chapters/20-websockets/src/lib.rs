//! WebSockets (RFC 6455) with compression (RFC 7692).
//!
//! The protocol is a state machine without I/O: bytes go in and events come out, or messages go in and bytes come out.
//! Nobody in it waits, reads a clock or knows a socket, so a test can hand it any bytes in any portions.
//!
//! - [`decoder`]: from bytes to [events](decoder::Event). [`encoder`]: from messages to bytes.
//! - [`frame`], [`mask()`], [`utf8`], [`close`]: what these two are made of. [`fault`]: what a peer can do wrong.
//! - [`session`]: one side of a WebSocket: pings, the goodbye, and how long one waits for either.
//! - [`deflate`]: compressed messages, and what the two sides agree on. [`handshake`]: how an HTTP request becomes a WebSocket.
//!
//! The other half has the I/O, and nothing of the protocol:
//!
//! - [`upgrade`]: what an [`http_server::Server`] asks when a client wants a WebSocket. [`config`]: all that can be set.
//! - `wire`: what is under an application's `receive` and `send`. `connection`: the one task in which bytes, time and application meet.
//!
//! ```
//! use websockets::{Decoder, Encoder, Event, Limits, Role};
//!
//! let mut server = Decoder::new(Role::Server, Limits::default());
//! let mut client = Encoder::new(Role::Client { key: || [1, 2, 3, 4] });
//! let mut wire = Vec::new();
//! client.text("crab", &mut wire);
//!
//! let (used, event) = server.decode(&mut wire)?;
//! assert_eq!(used, 10);
//! assert!(matches!(event, Some(Event::Text(text)) if text == "crab"));
//! # Ok::<(), websockets::Fault>(())
//! ```
#![forbid(unsafe_code)]
pub mod close;
pub mod config;
mod connection;
pub mod decoder;
pub mod deflate;
pub mod encoder;
pub mod fault;
pub mod frame;
pub mod handshake;
mod mask;
mod output;
pub mod session;
pub mod upgrade;
pub mod utf8;
mod wire;

pub use self::config::Config;
pub use self::decoder::{Decoder, Event, Limits};
pub use self::encoder::Encoder;
pub use self::fault::Fault;
pub use self::mask::mask;
pub use self::session::{Patience, Session};
pub use self::upgrade::WebSockets;

/// Which side of the connection one is. They differ in masking: what a client sends is masked, what a server sends is not (RFC 6455, section 5.1).
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// The side that answers the handshake.
    Server,
    /// The side that asks for it.
    Client {
        /// Makes the key of the next frame. It must not be predictable by who chooses the payload (RFC 6455, section 10.3).
        key: fn() -> [u8; 4],
    },
}
