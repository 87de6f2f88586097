//! What chapter 1's echo server makes of a browser's question, and of a second one.
//!
//! ```text
//! cargo run -p wsgi --example ask_the_echo
//! ```

use std::io;
use std::net::TcpListener;
use std::thread;

use one_at_a_time::echo;
use visitor::Visitor;

#[path = "../examples/visitor/mod.rs"]
mod visitor;

// ANCHOR: main
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || echo::serve(&listener));

    let mut first = Visitor::connect("first", server)?;
    first.asks_for("/crabs/hermit")?;
    first.hears_status()?;

    let mut second = Visitor::connect("second", server)?;
    second.asks_for("/crabs/spider")?;
    second.hears_nothing()
}
// ANCHOR_END: main
