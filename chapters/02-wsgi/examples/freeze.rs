//! One visitor watches the tide; another one wants the home page.
//!
//! The feed's seconds are turned by hand, so that every run shows the same.
//!
//! ```text
//! cargo run -p wsgi --example freeze
//! ```

use std::io;
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use visitor::Visitor;
use wsgi::{Clock, Config, crab_app, serve};

mod visitor;

// ANCHOR: main
fn main() -> io::Result<()> {
    let (clock, second) = HandTurned::new();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || serve(&listener, &crab_app(Arc::new(clock)), &Config::default()));

    let mut watcher = Visitor::connect("watcher", server)?;
    watcher.asks_for("/feed")?;
    watcher.hears_status()?;
    watcher.hears_part()?;

    let mut visitor = Visitor::connect("visitor", server)?;
    visitor.asks_for("/")?;
    for _ in 0..3 {
        second.pass();
        watcher.hears_part()?;
        visitor.hears_nothing()?;
    }

    watcher.leaves();
    while !visitor.listens_without_waiting()? {
        second.pass();
    }
    visitor.hears_page()
}
// ANCHOR_END: main

/// A clock on which a second passes when somebody says so.
struct HandTurned(Mutex<Receiver<()>>);

/// Says so.
struct Seconds(Sender<()>);

impl HandTurned {
    fn new() -> (Self, Seconds) {
        let (sender, receiver) = mpsc::channel();
        (Self(Mutex::new(receiver)), Seconds(sender))
    }
}

impl Seconds {
    fn pass(&self) {
        self.0.send(()).expect("the server never stops");
        thread::yield_now();
    }
}

impl Clock for HandTurned {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) {
        self.0.lock().expect("nobody panics with the clock in hand").recv().expect("main goes on");
    }

    fn date(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}
