//! WebSockets served: over streams in memory, where time is virtual, and over sockets.

mod common;
mod ending;
mod handshake;
mod limits;
mod messages;
