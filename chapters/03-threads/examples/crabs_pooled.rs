//! The site with a pool of threads. Run with `cargo run -p threads --example crabs_pooled`, and stop it with Ctrl-C.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use threads::pool::Pool;
use wsgi::{App, Config, WallClock};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8000")?;
    println!("http://127.0.0.1:8000, 8 threads, a queue of 16");
    let app: Arc<dyn App> = Arc::new(wsgi::crab_app(Arc::new(WallClock::new())));
    let config = Config { multithread: true, ..Config::default() };
    let pool = Pool::new(8, 16)?;
    threads::pooled::serve(&listener, &app, &config, &pool);
    Ok(())
}
