//! A server that takes the end of the connection for the end of the request's body, and the visitor who waits for it.
//!
//! ```text
//! cargo run -p wsgi --example until_the_end
//! ```

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use visitor::Visitor;

#[path = "../examples/visitor/mod.rs"]
mod visitor;

// ANCHOR: answer
fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut request = String::new();
    stream.read_to_string(&mut request)?; // waits here until the client has no more to say
    let (_head, body) = request.split_once("\r\n\r\n").unwrap_or_default();

    let text = format!("Thank you, {}.\n", body.trim_start_matches("name="));
    let length = text.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}")
}
// ANCHOR_END: answer

// ANCHOR: main
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || listener.incoming().try_for_each(|stream| answer(stream?)));

    let mut visitor = Visitor::connect("visitor", server)?;
    visitor.says(
        "POST /guests HTTP/1.1\r\nHost: crabsarecool.com\r\nContent-Length: 10\r\n\r\nname=Judit",
    )?;
    visitor.hears_nothing()?;
    visitor.falls_silent()?;
    visitor.hears_status()
}
// ANCHOR_END: main
