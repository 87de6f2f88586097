//! HTTP/2 and TLS beside HTTP/1.1: many streams on one connection, each with a call of the application; and connections that nobody else reads.
//!
//! The protocol's machinery is the crate `h2`: frames, header compression, windows. What is here is what an application of [`gateway`] needs beside that,
//! and what a server needs that is open to everybody:
//!
//! - [`server`]: accepting, and the graceful end. [`config`]: what can be set of HTTP/2.
//! - [`tls`]: encryption, and who the client is. `pem`: the files for it.
//! - [`choose`]: HTTP/1 and HTTP/2 on one port.
//! - `connection`, `stream`, `flush`: one connection in one task, and each stream in a task of its own. `extended`: a stream that becomes a WebSocket.
//! - `head`: heads, as strict as [`http_server::check`] has them.
//! - [`frames`], `io`: counting what h2 does not count. `wait`: counting time. [`observe`]: showing frames to whoever wants to see them.
//!
//! It leaves out HTTP/1.1, which is [`http_server`]'s, HTTP/2's push, which browsers have taken out, and its priorities.
//!
//! ```no_run
//! use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
//! use http2_and_tls::{Http2, Server};
//!
//! async fn hello(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
//!     send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
//!     Ok(send.send(ResponseBody::last("Hello, crabs!\n")).await?)
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//!     let server = Server::new(hello, http_server::Config::default(), Http2::default());
//!     server.serve_until(listener, std::future::pending()).await;
//!     Ok(())
//! }
//! ```
//!
//! # How much memory a client costs
//!
//! Each bound is one of [`Http2`]. What waits of requests that applications do not read is at most the connection's window, 6.25 MiB by default,
//! and half as much for the frames that it came in, which h2 bounds.
//! Of responses, each stream has [`Http2::send_buffer`] in h2 and two parts of the application's, and a client has [`Http2::streams`] of them.
#![forbid(unsafe_code)]
pub mod choose;
pub mod config;
mod connection;
mod extended;
mod flush;
pub mod frames;
mod head;
mod io;
pub mod observe;
mod pem;
pub mod server;
mod stream;
pub mod tls;
mod wait;

pub use config::{Allowance, Http2};
pub use server::Server;
pub use tls::{Clients, Password, Tls, TlsConfig, TlsError};
