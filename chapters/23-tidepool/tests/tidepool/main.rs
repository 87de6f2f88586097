//! The server that one deploys: its options, its parts, and real processes of it.
#![cfg(unix)]

#[path = "../../../21-http2-and-tls/examples/authority/mod.rs"]
mod authority;
mod common;
mod conformance;
mod deploy;
mod ending;
mod files;
mod machine;
mod options;
mod process;
mod proxy;
mod proxy_protocol;
mod server;
mod tls;
