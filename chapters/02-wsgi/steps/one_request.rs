//! One request, one response: reads until the head is whole, however many reads that takes.
//!
//! ```text
//! cargo run -p wsgi --example one_request
//! ```

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use visitor::Visitor;

#[path = "../examples/visitor/mod.rs"]
mod visitor;

// ANCHOR: answer
fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    let (status, path) = loop {
        let n = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..n]);

        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(_)) => {
                break ("200 OK", request.path.unwrap_or("?").to_owned());
            }
            Ok(httparse::Status::Partial) if n > 0 => {} // the rest is still to come
            _ => break ("400 Bad Request", String::new()),
        }
    };
    let text = format!("This is {path}\n");
    let length = text.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{text}")
}
// ANCHOR_END: answer

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || listener.incoming().try_for_each(|stream| answer(stream?)));

    let mut visitor = Visitor::connect("visitor", server)?;
    visitor.says("GET /crabs/hermit HTTP/1.1\r\nHost: crabs")?;
    visitor.hears_nothing()?;
    visitor.says("arecool.com\r\n\r\n")?;
    visitor.hears_status()
}
