//! The same echo server, told by the poller who is ready.
//!
//! ```text
//! cargo run -p event-loop --example ready
//! ```

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use one_at_a_time::stopwatch::Stopwatch;
use polling::{Event, Events, PollMode, Poller};

struct Client {
    stream: TcpStream,
    /// What was read and not sent back yet.
    owed: Vec<u8>,
}

// ANCHOR: serve
/// Serves whoever is ready, until everybody who came has left. Returns how often it was woken.
fn serve(listener: &TcpListener) -> io::Result<u64> {
    const LISTENER: usize = 0;
    listener.set_nonblocking(true)?;
    let mut clients: HashMap<usize, Client> = HashMap::new();
    let poller = Poller::new()?; // dropped before them, if we return early
    // SAFETY: The listener outlives the poller.
    unsafe { poller.add_with_mode(listener, Event::readable(LISTENER), PollMode::Level)? };
    let (mut came, mut woken) = (LISTENER, 0);
    let mut events = Events::new();
    while came == LISTENER || !clients.is_empty() {
        events.clear();
        poller.wait(&mut events, None)?; // the only place where it waits
        woken += 1;
        for event in events.iter() {
            if event.key == LISTENER {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                came += 1;
                // SAFETY: A client is deleted below before it is dropped, or outlives the poller.
                unsafe { poller.add_with_mode(&stream, Event::readable(came), PollMode::Level)? };
                clients.insert(came, Client { stream, owed: Vec::new() });
            } else if let Some(client) = clients.get_mut(&event.key) {
                let stays = client.go();
                // ANCHOR: interest
                let interest =
                    Event::new(event.key, client.owed.is_empty(), !client.owed.is_empty());
                poller.modify_with_mode(&client.stream, interest, PollMode::Level)?;
                // ANCHOR_END: interest
                if !stays {
                    poller.delete(&client.stream)?;
                    clients.remove(&event.key);
                }
            }
        }
    }
    poller.delete(listener)?;
    Ok(woken)
}
// ANCHOR_END: serve

impl Client {
    /// Sends back what is owed, or else reads. Whether the client stays.
    fn go(&mut self) -> bool {
        let mut buffer = [0; 1024];
        let went = if self.owed.is_empty() {
            self.stream.read(&mut buffer).map(|n| {
                self.owed.extend_from_slice(&buffer[..n]);
                n > 0
            })
        } else {
            self.stream.write(&self.owed).map(|sent| {
                self.owed.drain(..sent);
                true
            })
        };
        match went {
            Ok(stays) => stays,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    let clients = thread::spawn(move || two_clients(server));

    let watch = Stopwatch::start();
    let woken = serve(&listener)?;
    println!("server: {}", watch.read());
    println!("server: was woken {woken} times");
    clients.join().expect("the clients do not panic")
}

/// The first keeps the server waiting for a second; the second is served meanwhile.
fn two_clients(server: SocketAddr) -> io::Result<()> {
    let mut first = BufReader::new(TcpStream::connect(server)?);
    let mut second = BufReader::new(TcpStream::connect(server)?);
    println!("second hears: {}", ask(&mut second, "is anybody there?")?);
    thread::sleep(Duration::from_secs(1));
    println!(" first hears: {}", ask(&mut first, "good morning")?);
    Ok(())
}

fn ask(client: &mut BufReader<TcpStream>, line: &str) -> io::Result<String> {
    writeln!(client.get_mut(), "{line}")?;
    let mut answer = String::new();
    client.read_line(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}
