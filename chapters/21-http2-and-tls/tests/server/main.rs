//! The server, as clients see it and as applications see it.

#[path = "../../../18-http-server/examples/conformance/app.rs"]
mod app;
#[path = "../../examples/authority/mod.rs"]
mod authority;
mod clients;
mod common;
mod floods;
mod life;
mod limits;
mod streams;
mod tls;
