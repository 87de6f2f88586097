//! Two visitors of a server that serves one connection at a time: first with keep-alive, then without.
//!
//! ```text
//! cargo run -p wsgi --example keep_alive
//! ```

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use visitor::Visitor;
use wsgi::{Config, WallClock, crab_app, serve};

mod visitor;

// ANCHOR: main
fn main() -> io::Result<()> {
    println!("up to 1000 requests on a connection, which may be silent for 1 s:");
    let server = serve_with(1_000)?;
    let mut first = Visitor::connects("first", server)?;
    first.asks_for("/")?;
    first.hears_page()?;
    first.asks_for("/crab.svg")?;
    first.hears_page()?;
    first.idles();
    let mut second = Visitor::connects("second", server)?;
    second.asks_for("/")?;
    second.hears_nothing()?;
    second.hears_page_at_last()?;

    println!("1 request on a connection:");
    let server = serve_with(1)?;
    let mut first = Visitor::connects("first", server)?;
    first.asks_for("/")?;
    first.hears_page()?;
    let mut first = Visitor::connects("first", server)?;
    first.asks_for("/crab.svg")?;
    first.hears_page()?;
    first.idles();
    let mut second = Visitor::connects("second", server)?;
    second.asks_for("/")?;
    second.hears_page_at_last()
}

fn serve_with(requests: usize) -> io::Result<SocketAddr> {
    let config = Config { requests, idle: Duration::from_secs(1), ..Config::default() };
    // ANCHOR_END: main
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || serve(&listener, &crab_app(Arc::new(WallClock::new())), &config));
    Ok(server)
}
