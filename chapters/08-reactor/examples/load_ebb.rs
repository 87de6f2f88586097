//! The crowd visits crabsarecool.com, served by one thread with Ebb.
//!
//! ```text
//! cargo run -p reactor --example load_ebb
//! ```

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use crowd::Crowd;
use event_loop::server::listen;
use event_loop::{Pace, Service};
use reactor::TcpListener;
use reactor::server::serve;
use wsgi::{Config, crab_app};

// ANCHOR: main
fn main() -> io::Result<()> {
    let small = std::env::args().any(|argument| argument == "--small");
    let crowd = if small { Crowd::small() } else { Crowd::new() };

    let listener = listen(([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    thread::spawn(move || -> io::Result<()> {
        let pace = Arc::new(Pace::new());
        let service = Rc::new(Service::new(crab_app(pace.clone()), pace, Config::default()));
        reactor::new()?.block_on(async {
            serve(&TcpListener::from_std(listener)?, service).await;
            Ok(())
        })
    });

    let visits = crowd::visit(address, &crowd);
    print!("{}", visits.summary());
    visits.picture("One thread, Ebb").save("load-ebb")
}
// ANCHOR_END: main
