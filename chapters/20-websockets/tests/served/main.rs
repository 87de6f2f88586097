//! WebSockets served: over streams in memory, where time is virtual, and over sockets.

#[path = "../../examples/conformance_ws/app.rs"]
mod app;
mod clients;
mod common;
mod ending;
mod handshake;
mod left;
mod limits;
mod messages;
