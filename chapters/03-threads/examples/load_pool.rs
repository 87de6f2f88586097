//! The crowd visits crabsarecool.com, which has eight threads.
//!
//! Run with `cargo run -p threads --example load_pool`.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use crowd::Crowd;
use threads::pool::Pool;
use wsgi::{App, Config, WallClock};

fn main() -> io::Result<()> {
    let small = std::env::args().any(|argument| argument == "--small");
    let crowd = if small { Crowd::small() } else { Crowd::new() };

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    let pool = Pool::new(8, 16)?;
    thread::spawn(move || {
        let app: Arc<dyn App> = Arc::new(wsgi::crab_app(Arc::new(WallClock::new())));
        let config = Config { multithread: true, ..Config::default() };
        threads::pooled::serve(&listener, &app, &config, &pool);
    });

    let visits = crowd::visit(server, &crowd);
    print!("{}", visits.summary());
    visits.picture("A pool of eight threads").save("load-pool")
}
