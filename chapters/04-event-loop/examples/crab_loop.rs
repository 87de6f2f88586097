//! crabsarecool.com on port 8000, in one thread: look at it with as many browsers as you have.
//!
//! ```text
//! cargo run -p event-loop --example crab_loop
//! cargo run -p event-loop --example crab_loop -- 8080
//! ```

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use event_loop::server::Server;
use event_loop::{EventLoop, Pace, Service};
use wsgi::{Config, crab_app};

// ANCHOR: main
fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or_else(|| String::from("8000"));
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("crabsarecool.com is at http://{}/", listener.local_addr()?);

    let pace = Arc::new(Pace::new());
    let service = Service::new(crab_app(pace.clone()), pace, Config::default());
    let mut event_loop = EventLoop::new()?;
    Server::start(&mut event_loop, listener, service)?;
    event_loop.run()
}
// ANCHOR_END: main
