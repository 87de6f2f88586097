//! A tide gauge that answers after a second: the slow thing at the other end of a connection.
//!
//! Its protocol is one line each way: the name of a place, then the height of the water there. Then it hangs up.
//! It serves every client in a thread of its own, so that it is never the gauge that makes a second client wait.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Opens a gauge on a free port of this machine, for as long as the program runs.
///
/// `delay` is how long it takes over each answer.
///
/// # Errors
///
/// When no port can be had.
pub fn open(delay: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that leaves early is its own business.
            thread::spawn(move || answer(&client, delay).ok());
        }
    });
    Ok(address)
}

fn answer(mut client: &TcpStream, delay: Duration) -> io::Result<()> {
    let mut place = String::new();
    BufReader::new(client).read_line(&mut place)?;
    thread::sleep(delay);
    let height = match place.trim_end() {
        "north pier" => "1.2 m",
        "south pier" => "0.9 m",
        _ => "no gauge there",
    };
    client.write_all(format!("{height}\n").as_bytes())
}
