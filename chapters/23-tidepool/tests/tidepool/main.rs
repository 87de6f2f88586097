//! The server that one deploys: its options, its parts, and real processes of it.
#![cfg(unix)]

mod common;
mod files;
mod machine;
mod options;
mod process;
mod proxy;
mod proxy_protocol;
mod server;
