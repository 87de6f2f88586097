//! This server against bare hyper, axum and Uvicorn: requests, memory of idle connections, and a crowd with attackers in it.
//!
//! Each server is a process of its own, on Tokio's current-thread runtime. Everything is on 127.0.0.1.
//!
//! ```text
//! cargo run --release -p http-server --example against -- requests
//! cargo run --release -p http-server --example against -- memory
//! cargo run --release -p http-server --example against -- overload
//! ```
//!
//! Each with `--small` as well. `requests` needs `wrk` and `taskset`, and two cores: the server has one, wrk the other.

use std::io;

mod memory;
mod overload;
mod process;
mod requests;
mod servers;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["requests"] => requests::measure(7, 2, 64),
        ["requests", "--small"] => requests::measure(1, 1, 4),
        ["memory"] => memory::measure(5_000, 20, 3),
        ["memory", "--small"] => memory::measure(50, 2, 2),
        ["overload"] => overload::measure(10_000, 200, 20, 5),
        ["overload", "--small"] => overload::measure(50, 5, 1, 1),
        ["--serve", way, descriptors, bounds] => {
            let number = |text: &str| text.parse().map_err(io::Error::other);
            event_loop::descriptors::raise_limit(number(descriptors)?);
            process::be_a_server(way, number(bounds)?)
        }
        _ => Err(io::Error::other("expected requests, memory or overload, and perhaps --small")),
    }
}
