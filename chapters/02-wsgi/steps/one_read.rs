//! The first naive server: a request is what one read returns.
//!
//! ```text
//! cargo run -p wsgi --example one_read
//! ```

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use visitor::Visitor;

#[path = "../examples/visitor/mod.rs"]
mod visitor;

// ANCHOR: answer
fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    let n = stream.read(&mut buffer)?;

    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut request = httparse::Request::new(&mut headers);
    let status = match request.parse(&buffer[..n]) {
        Ok(httparse::Status::Complete(_)) => "200 OK",
        _ => "400 Bad Request",
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 14\r\n\r\nHello, crabs!\n")
}
// ANCHOR_END: answer

// ANCHOR: main
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || listener.incoming().try_for_each(|stream| answer(stream?)));

    let mut first = Visitor::connect("first", server)?;
    first.says("GET / HTTP/1.1\r\nHost: crabsarecool.com\r\n\r\n")?;
    first.hears_status()?;

    let mut second = Visitor::connect("second", server)?;
    second.says("GET / HTTP/1.1\r\nHost: crabs")?;
    second.hears_status()
}
// ANCHOR_END: main
