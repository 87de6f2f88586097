//! crabsarecool.com on port 8000, on Ebb: a task for each browser, and one thread for all of them.
//!
//! ```text
//! cargo run -p reactor --example crab_ebb
//! cargo run -p reactor --example crab_ebb -- 8080
//! ```

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use event_loop::{Pace, Service};
use reactor::TcpListener;
use reactor::server::serve;
use wsgi::{Config, crab_app};

// ANCHOR: main
fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or_else(|| String::from("8000"));
    let listener = std::net::TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("crabsarecool.com is at http://{}/", listener.local_addr()?);

    let pace = Arc::new(Pace::new());
    let service = Rc::new(Service::new(crab_app(pace.clone()), pace, Config::default()));
    reactor::new()?.block_on(async {
        serve(&TcpListener::from_std(listener)?, service).await;
        Ok(())
    })
}
// ANCHOR_END: main
