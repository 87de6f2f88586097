//! One watcher of the live feed and one visitor, before chapter 2's server and before this chapter's.
//!
//! Run with `cargo run -p threads --example one_watcher`.

use std::io;
use std::net::TcpListener;
use std::thread;

use threads::scene::{Client, Gate};
use wsgi::Config;

fn main() -> io::Result<()> {
    let config = Config::default();

    println!("One connection at a time:");
    let gate = Gate::default();
    let site = threads::scene::site(&gate);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::scope(|scope| {
        scope.spawn(|| wsgi::serve_each(listener.incoming().take(2), &*site, &config));
        let (mut watcher, reading) = Client::watches(address)?;
        println!("  the watcher reads  {reading}");
        let mut visitor = Client::asks(address, "/")?;
        println!("  the visitor hears  {}", visitor.hears()?);
        gate.let_go(1);
        watcher.reads()?;
        println!("  the watcher leaves");
        println!("  the visitor reads  {}", visitor.reads()?);
        io::Result::Ok(())
    })?;

    println!("A thread for each connection:");
    let gate = Gate::default();
    let site = threads::scene::site(&gate);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // ANCHOR: scene
    thread::scope(|scope| {
        scope.spawn(|| {
            threads::per_connection::serve_each(listener.incoming().take(2), &*site, &config);
        });
        let (mut watcher, reading) = Client::watches(address)?;
        println!("  the watcher reads  {reading}");
        let mut visitor = Client::asks(address, "/")?;
        println!("  the visitor reads  {}", visitor.reads()?);
        println!("  the watcher hears  {}, and watches on", watcher.hears()?);
        gate.let_go(1);
        watcher.reads()?;
        io::Result::Ok(())
    })
    // ANCHOR_END: scene
}
