//! The crowd visits crabsarecool.com, which has a thread for each connection.
//!
//! Run with `cargo run -p threads --example load_threads`.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use crowd::Crowd;
use wsgi::{Config, WallClock};

fn main() -> io::Result<()> {
    let small = std::env::args().any(|argument| argument == "--small");
    let crowd = if small { Crowd::small() } else { Crowd::new() };

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || {
        let app = wsgi::crab_app(Arc::new(WallClock::new()));
        let config = Config { multithread: true, ..Config::default() };
        threads::per_connection::serve(&listener, &app, &config);
    });

    let visits = crowd::visit(server, &crowd);
    print!("{}", visits.summary());
    visits.picture("A thread for each connection").save("load-threads")
}
