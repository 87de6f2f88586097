//! Four workers, four watchers, and eight visitors.
//!
//! Run with `cargo run -p threads --example pool_of_four`. An argument is another number of places in the queue.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use threads::pool::Pool;
use threads::pooled;
use threads::scene::{self, Client, Gate};
use wsgi::Config;

fn main() -> io::Result<()> {
    let places: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(2);
    let config = Config::default();
    let gate = Gate::default();
    let site = scene::site(&gate);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (count, accepted) = mpsc::channel();
    thread::scope(|scope| {
        // ANCHOR: serve
        scope.spawn(|| {
            let pool = Pool::new(4, places).expect("four threads can be had");
            let incoming = listener.incoming().take(12).inspect(move |_| {
                let _ = count.send(());
            });
            pooled::serve_each(incoming, &site, &config, &pool);
        });
        // ANCHOR_END: serve
        // ANCHOR: scene
        let mut watchers = Vec::new();
        for _ in 0..4 {
            watchers.push(Client::watches(address)?.0);
        }
        println!("4 watchers watch, and every worker is theirs.");

        let mut visitors = Vec::new();
        for _ in 0..8 {
            visitors.push(Client::asks(address, "/")?);
        }
        // The workers have four, the queue two, and one is in the hand of the thread that accepts.
        let mut taken = accepted.iter().take(4 + 2 + 1).count();
        while accepted.recv_timeout(Duration::from_millis(300)).is_ok() {
            taken += 1;
        }
        println!("8 visitors ask. The server has accepted 4 watchers and {} visitors.", taken - 4);
        for visitor in &mut visitors {
            assert_eq!(visitor.hears()?, "nothing");
        }
        println!("Every visitor hears nothing.");

        gate.let_go(1);
        println!("One watcher leaves.");
        for visitor in &mut visitors {
            assert_eq!(visitor.reads()?, "HTTP/1.1 200 OK");
        }
        println!("All 8 visitors read 200 OK, from one worker.");
        gate.let_go(3);
        // ANCHOR_END: scene
        for watcher in &mut watchers {
            watcher.reads()?;
        }
        Ok(())
    })
}
