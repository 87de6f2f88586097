//! "Edge-triggered is faster": the same thousand messages in each mode, and the system calls they took.
//!
//! ```text
//! cargo run -p event-loop --example calls
//! ```

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use polling::{Event, Events, PollMode, Poller};

const MESSAGES: usize = 1_000;

/// System calls on the server's side.
#[derive(Default)]
struct Calls {
    wait: usize,
    read: usize,
    modify: usize,
}

// ANCHOR: count
/// A thousand messages of ten bytes, one after the other. The reader's buffer holds a hundred.
fn count(mode: PollMode) -> io::Result<Calls> {
    let (mut client, mut server) = pair()?;
    let poller = Poller::new()?;
    // SAFETY: `server` outlives the poller.
    unsafe { poller.add_with_mode(&server, Event::readable(1), mode)? };
    let mut events = Events::new();
    let mut calls = Calls::default();
    for _ in 0..MESSAGES {
        client.write_all(b"high tide\n")?;
        events.clear();
        poller.wait(&mut events, None)?;
        calls.wait += 1;
        loop {
            calls.read += 1;
            match server.read(&mut [0; 100]) {
                // An edge is told once: whoever leaves bytes behind may never hear of them.
                Ok(_) if mode == PollMode::Edge => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        if mode == PollMode::Oneshot {
            poller.modify_with_mode(&server, Event::readable(1), mode)?;
            calls.modify += 1;
        }
    }
    poller.delete(&server)?;
    Ok(calls)
}
// ANCHOR_END: count

fn main() -> io::Result<()> {
    println!("{MESSAGES} messages  wait  read  modify    all");
    println!("level          {}", count(PollMode::Level)?);
    if Poller::new()?.supports_edge() {
        println!("edge           {}", count(PollMode::Edge)?);
    }
    println!("oneshot        {}", count(PollMode::Oneshot)?);
    Ok(())
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wait, read, modify } = self;
        write!(f, "{wait:>4}  {read:>4}  {modify:>6}  {:>5}", wait + read + modify)
    }
}

/// Two ends of one connection; the second does not wait.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    client.set_nodelay(true)?;
    let (server, _) = listener.accept()?;
    server.set_nonblocking(true)?;
    Ok((client, server))
}
