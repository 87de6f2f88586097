//! The server, as clients see it and as applications see it.

#[path = "../../../20-websockets/examples/conformance_ws/app.rs"]
mod app;
#[path = "../../examples/authority/mod.rs"]
mod authority;
mod clients;
mod common;
mod floods;
mod life;
mod limits;
mod sockets;
mod streams;
mod tls;
