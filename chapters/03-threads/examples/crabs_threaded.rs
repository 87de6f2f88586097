//! The site with a thread for each connection. Run with `cargo run -p threads --example crabs_threaded`, and stop it with Ctrl-C.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use wsgi::{Config, WallClock};

fn main() -> io::Result<()> {
    // ANCHOR: main
    let listener = TcpListener::bind("127.0.0.1:8000")?;
    println!("http://127.0.0.1:8000, a thread for each connection");
    let app = wsgi::crab_app(Arc::new(WallClock::new()));
    let config = Config { multithread: true, ..Config::default() };
    threads::per_connection::serve(&listener, &app, &config);
    // ANCHOR_END: main
    Ok(())
}
