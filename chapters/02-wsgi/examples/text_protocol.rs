//! Eight requests, read by a parser of the kind one writes in five minutes, and by the chapter's.
//!
//! ```text
//! cargo run -p wsgi --example text_protocol
//! ```

use wsgi::protocol::{Event, Framing, Limits, events_of};

// ANCHOR: naive
/// How long the body is, according to lines, colons and `parse`.
fn five_minutes(request: &str) -> Option<u64> {
    let (head, _) = request.split_once("\r\n\r\n").or(request.split_once("\n\n"))?;
    head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}
// ANCHOR_END: naive

fn ours(request: &str) -> String {
    match events_of([request.as_bytes()], Limits::default()).swap_remove(0) {
        Ok(Event::Head(head)) => match head.framing {
            Framing::Empty => String::from("0"),
            Framing::Length(length) => length.to_string(),
            Framing::Chunked => String::from("chunked"),
        },
        Ok(_) => String::from("?"),
        Err(refusal) => refusal.status()[..3].to_owned(),
    }
}

fn main() {
    println!("{:<52} five minutes  chapter's", "");
    for (what, fields) in [
        ("Content-Length: 5", "Content-Length: 5\r\n"),
        ("Content-Length: +5", "Content-Length: +5\r\n"),
        ("Content-Length : 5", "Content-Length : 5\r\n"),
        ("Content-Length: 5, and again: 6", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        (
            "Content-Length: 5, and Transfer-Encoding: chunked",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        ),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked\r\n"),
        ("X-Tide: high, LF without CR, Content-Length: 5", "X-Tide: high\nContent-Length: 5\r\n"),
        ("X-Tide: high, folded: Content-Length: 5", "X-Tide: high\r\n Content-Length: 5\r\n"),
    ] {
        let request = format!("POST /guests HTTP/1.1\r\nHost: crabs\r\n{fields}\r\n");
        let theirs = five_minutes(&request).map_or(String::from("0"), |length| length.to_string());
        println!("{what:<52} {theirs:>12}  {:>9}", ours(&request));
    }
}
