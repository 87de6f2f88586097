//! The crowd visits crabsarecool.com, served one connection at a time.
//!
//! ```text
//! cargo run -p wsgi --example load_wsgi
//! ```

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use crowd::Crowd;
use one_at_a_time::stopwatch::Stopwatch;
use wsgi::{Config, WallClock, crab_app, serve};

// ANCHOR: main
fn main() -> io::Result<()> {
    let small = std::env::args().any(|argument| argument == "--small");
    let crowd = if small { Crowd::small() } else { Crowd::new() };

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || {
        serve(&listener, &crab_app(Arc::new(WallClock::new())), &Config::default());
    });

    let watch = Stopwatch::start();
    let visits = crowd::visit(server, &crowd);
    print!("{}", visits.summary());
    println!("{}", watch.read());
    visits.picture("One connection at a time").save("load-wsgi")
}
// ANCHOR_END: main
