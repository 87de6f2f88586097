//! All that can be set, with units and defaults.

use std::time::Duration;

use crate::decoder::Limits;
use crate::deflate::Settings;
use crate::session::Patience;

/// How WebSockets are served.
///
/// ```
/// let config = websockets::Config {
///     limits: websockets::Limits { message: 64 * 1024 },
///     compression: Some(websockets::deflate::Settings::default()),
///     ..websockets::Config::default()
/// };
/// # let _ = config;
/// ```
// ANCHOR: config
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How long the application may take to accept a handshake, or to refuse it. Then the client gets 503. Default: 10 s.
    pub handshake: Duration,
    /// Pings, and the goodbye. Default: a ping after 20 s of silence, 20 s for its answer, 10 s for a close frame's.
    pub patience: Patience,
    /// How long the client may take to make room for more, while something is to be written. Default: 30 s.
    pub write: Duration,
    /// How long a WebSocket may stay open after applications were told that the server goes down.
    /// Then it is closed with 1012. Default: 1 s.
    pub drain: Duration,
    /// How long a stream that is closed is kept for the client to read the last word. Default: 1 s.
    pub linger: Duration,
    /// What a client may ask of one's memory. Default: 16 MiB a message; a longer one ends the WebSocket with 1009.
    pub limits: Limits,
    /// How many messages wait for the application to receive them, before nothing more is read. Default: 32.
    pub queue: usize,
    /// And how many bytes they have, apart from the message that passes the mark. Default: 256 KiB.
    pub queue_bytes: usize,
    /// How many bytes wait to be written before `send` waits, apart from the message that passes the mark;
    /// as many may be on their way. Default: 64 KiB.
    pub write_buffer: usize,
    /// Whether messages are compressed, where a client offers it. Default: no.
    pub compression: Option<Settings>,
}
// ANCHOR_END: config

impl Default for Config {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            patience: Patience::default(),
            write: Duration::from_secs(30),
            drain: Duration::from_secs(1),
            linger: Duration::from_secs(1),
            limits: Limits::default(),
            queue: 32,
            queue_bytes: 256 * 1024,
            write_buffer: 64 * 1024,
            compression: None,
        }
    }
}
