//! Four workers, four watchers, and eight visitors.
//!
//! Run with `cargo run -p threads --example pool_of_four`.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use threads::pool::Pool;
use threads::pooled;
use threads::scene::{self, Client, Gate};
use wsgi::Config;

fn main() -> io::Result<()> {
    let config = Config::default();
    let gate = Gate::default();
    let site = scene::site(&gate);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (count, accepted) = mpsc::channel();
    thread::scope(|scope| {
        // ANCHOR: serve
        scope.spawn(|| {
            let pool = Pool::new(4, 2).expect("four threads can be had");
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
        // The pool takes four and the queue two; one more is in the hands of `accept`'s loop, which waits.
        let taken = accepted.iter().take(4 + 2 + 1).count();
        println!("8 visitors ask. The server has accepted {taken} connections and stops.");
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
