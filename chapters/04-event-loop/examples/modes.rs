//! Level, edge, oneshot: how often one arrival of ten bytes is told to somebody who reads four at a time.
//!
//! ```text
//! cargo run -p event-loop --example modes
//! ```

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use polling::{Event, Events, PollMode, Poller};

// ANCHOR: modes
/// Ten bytes arrive; each time we are told, we read four. How often are we told, and what is left?
fn told(mode: PollMode) -> io::Result<()> {
    let (mut client, mut server) = pair()?;
    let poller = Poller::new()?;
    // SAFETY: `server` outlives the poller.
    unsafe { poller.add_with_mode(&server, Event::readable(1), mode)? };
    client.write_all(b"0123456789")?;

    let mut events = Events::new();
    let (mut told, mut left) = (0, 10);
    loop {
        events.clear();
        poller.wait(&mut events, Some(Duration::from_millis(100)))?;
        if events.is_empty() {
            break;
        }
        told += 1;
        left -= server.read(&mut [0; 4])?;
    }
    let mode = format!("{mode:?}");
    println!("{mode:<7}  told: {told}  bytes left: {left}");
    poller.delete(&server)
}
// ANCHOR_END: modes

fn main() -> io::Result<()> {
    told(PollMode::Level)?;
    if Poller::new()?.supports_edge() {
        told(PollMode::Edge)?;
    }
    told(PollMode::Oneshot)
}

/// Two ends of one connection; the second does not wait.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    server.set_nonblocking(true)?;
    Ok((client, server))
}
