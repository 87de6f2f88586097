//! This server's WebSockets beside those of axum (on tungstenite) and Uvicorn: memory of idle ones, and echoes.
//!
//! Each server is a process of its own with one thread. Everything is on 127.0.0.1.
//!
//! ```text
//! cargo run --release -p websockets --example against-websockets -- memory
//! cargo run --release -p websockets --example against-websockets -- echoes
//! ```
//!
//! Each with `--small` as well. `echoes` needs `taskset` and two cores: the server has one, its clients the other.

use std::io;

mod client;
mod echoes;
mod memory;
#[expect(dead_code, reason = "the servers of chapter 18 are asked one thing more")]
#[path = "../../../18-http-server/examples/against/process.rs"]
mod process;
mod servers;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["memory"] => memory::measure(5_000, 3),
        ["memory", "--small"] => memory::measure(20, 1),
        ["echoes"] => echoes::measure(7, 2, 64),
        ["echoes", "--small"] => echoes::measure(1, 1, 4),
        ["--serve", way, descriptors, bounds] => {
            let number = |text: &str| text.parse().map_err(io::Error::other);
            event_loop::descriptors::raise_limit(number(descriptors)?);
            process::be_a_server(way, number(bounds)?)
        }
        ["--ask", address, seconds, connections, size] => {
            echoes::ask(address, seconds, connections, size)
        }
        _ => Err(io::Error::other("expected memory or echoes, and perhaps --small")),
    }
}
