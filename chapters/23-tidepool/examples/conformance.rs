//! The conformance application, for clients and test suites from outside: over HTTP/1.1 and HTTP/2, encrypted or not, and with WebSockets.
//!
//!     cargo run --release -p tidepool --example conformance -- --port 8000
//!
//! It takes all options of the command line. Its own defaults are messages of 64 MiB, and compression where a client of a WebSocket wants it.

#[path = "../../20-websockets/examples/conformance_ws/app.rs"]
mod app;

use std::env;
use std::ffi::OsString;
use std::process::exit;

use app::Conformance;

const DEFAULTS: [(&str, &str); 2] =
    [("--ws-max-size", "64MiB"), ("--ws-per-message-deflate", "true")];

fn main() {
    let mut arguments: Vec<_> = env::args_os().collect();
    for (name, value) in DEFAULTS {
        let same = |word: &OsString| {
            let word = word.to_string_lossy();
            word.split('=').next() == Some(name)
        };
        if !arguments.iter().any(same) {
            arguments.push(format!("{name}={value}").into());
        }
    }
    exit(i32::from(tidepool::run(arguments, Conformance::default())));
}
