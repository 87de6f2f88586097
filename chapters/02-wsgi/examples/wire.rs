//! The protocol half at work, without a socket: bytes in, events out; a response in, bytes out.
//!
//! ```text
//! cargo run -p wsgi --example wire
//! ```

use wsgi::Error;
use wsgi::protocol::{Connection, Event, Limits};

// ANCHOR: main
fn main() -> Result<(), Error> {
    let mut connection = Connection::new(Limits::default());
    for bytes in [
        "POST /guests HTTP/1.1\r\nHost: crabsare",
        "cool.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nna",
        "me=\r\n5\r\nJudit\r",
        "\n0\r\n\r\nGET / HT",
    ] {
        println!("in:  {}", bytes.escape_debug());
        connection.feed(bytes.as_bytes());
        loop {
            let event = connection.next_event()?;
            match &event {
                Event::NeedInput => break,
                Event::Head(head) => {
                    println!("     Head: {} {}, {:?}", head.method, head.target, head.framing);
                }
                Event::Body(part) => println!("     Body: {}", String::from_utf8_lossy(part)),
                Event::End | Event::Closed => println!("     {event:?}"),
            }
            if event == Event::End {
                break; // what comes next is another request's, and must wait for the response
            }
        }
    }

    let mut out = Vec::new();
    connection.start("200 OK", &[("content-type", "text/plain")].into(), &mut out)?;
    connection.part(b"Thank you, ", &mut out)?;
    connection.part(b"Judit.\n", &mut out)?;
    connection.finish(&mut out)?;
    for line in String::from_utf8(out)?.split_inclusive("\r\n") {
        println!("out: {}", line.escape_debug());
    }
    println!("on to the next request: {}", connection.next_request());
    println!("bytes of it that are here: {}", connection.buffered());
    Ok(())
}
// ANCHOR_END: main
