//! The crowd visits crabsarecool.com, served by one thread with a loop.
//!
//! ```text
//! cargo run -p event-loop --example load_loop
//! ```

use std::io;
use std::sync::Arc;
use std::thread;

use crowd::Crowd;
use event_loop::server::{Server, listen};
use event_loop::{EventLoop, Pace, Service};
use wsgi::{Config, crab_app};

// ANCHOR: main
fn main() -> io::Result<()> {
    let small = std::env::args().any(|argument| argument == "--small");
    let crowd = if small { Crowd::small() } else { Crowd::new() };

    let listener = listen(([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let pace = Arc::new(Pace::new());
        let service = Service::new(crab_app(pace.clone()), pace, Config::default());
        let mut event_loop = EventLoop::new()?;
        Server::start(&mut event_loop, listener, service)?;
        event_loop.run()
    });

    let visits = crowd::visit(address, &crowd);
    print!("{}", visits.summary());
    visits.picture("One thread, one loop").save("load-loop")
}
// ANCHOR_END: main
