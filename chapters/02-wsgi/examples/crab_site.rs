//! crabsarecool.com on port 8000, one visitor at a time: look at it with a browser or with `curl`.
//!
//! Another port: `cargo run -p wsgi --example crab_site -- 8080`.

use std::net::TcpListener;
use std::sync::Arc;

use wsgi::{Config, WallClock, crab_app, serve};

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or_else(|| String::from("8000"));
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("crabsarecool.com is at http://{}/", listener.local_addr()?);
    serve(&listener, &crab_app(Arc::new(WallClock::new())), &Config::default());
    Ok(())
}
