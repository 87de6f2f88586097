//! An echo server that asks everybody, all the time: one thread, no waiting, and a processor with nothing to show for it.
//!
//! ```text
//! cargo run -p event-loop --example busy
//! ```

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use one_at_a_time::stopwatch::Stopwatch;

// ANCHOR: client
struct Client {
    stream: TcpStream,
    /// What was read and not sent back yet.
    owed: Vec<u8>,
}
// ANCHOR_END: client

// ANCHOR: serve
/// Goes round until everybody who came has left. Returns how often it was told "nothing yet".
fn serve(listener: &TcpListener) -> io::Result<u64> {
    listener.set_nonblocking(true)?;
    let mut clients: Vec<Client> = Vec::new();
    let mut in_vain = 0;
    let mut came = false;
    while !came || !clients.is_empty() {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                clients.push(Client { stream, owed: Vec::new() });
                came = true;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => in_vain += 1,
            Err(error) => return Err(error),
        }
        clients.retain_mut(|client| match client.go() {
            Ok(stays) => stays,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                in_vain += 1;
                true
            }
            Err(_) => false,
        });
    }
    Ok(in_vain)
}
// ANCHOR_END: serve

// ANCHOR: go
impl Client {
    /// Sends back what is owed, or else reads. Whether the client stays.
    fn go(&mut self) -> io::Result<bool> {
        if !self.owed.is_empty() {
            let sent = self.stream.write(&self.owed)?;
            self.owed.drain(..sent);
            return Ok(true);
        }
        let mut buffer = [0; 1024];
        let n = self.stream.read(&mut buffer)?;
        self.owed.extend_from_slice(&buffer[..n]);
        Ok(n > 0)
    }
}
// ANCHOR_END: go

// ANCHOR: main
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    let clients = thread::spawn(move || two_clients(server));

    let watch = Stopwatch::start();
    let in_vain = serve(&listener)?;
    println!("server: {}", watch.read());
    println!("server: was told \"nothing yet\" {in_vain} times");
    // ANCHOR_END: main
    clients.join().expect("the clients do not panic")
    // ANCHOR: main
}
// ANCHOR_END: main

// ANCHOR: clients
/// The first keeps the server waiting for a second; the second is served meanwhile.
fn two_clients(server: SocketAddr) -> io::Result<()> {
    let mut first = BufReader::new(TcpStream::connect(server)?);
    let mut second = BufReader::new(TcpStream::connect(server)?);
    println!("second hears: {}", ask(&mut second, "is anybody there?")?);
    thread::sleep(Duration::from_secs(1));
    println!(" first hears: {}", ask(&mut first, "good morning")?);
    Ok(())
}
// ANCHOR_END: clients

fn ask(client: &mut BufReader<TcpStream>, line: &str) -> io::Result<String> {
    writeln!(client.get_mut(), "{line}")?;
    let mut answer = String::new();
    client.read_line(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}
