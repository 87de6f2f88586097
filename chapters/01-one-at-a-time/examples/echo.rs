//! Two clients of the blocking echo server: the second waits until the first hangs up.
//!
//! ```text
//! cargo run -p one-at-a-time --example echo
//! ```

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use one_at_a_time::echo;

// ANCHOR: main
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    thread::spawn(move || echo::serve(&listener));

    let mut first = Client::connect("first", server)?;
    first.say("good morning")?;
    first.hear()?;

    let mut second = Client::connect("second", server)?;
    second.say("is anybody there?")?;

    first.chat(1000)?;
    second.listen_without_waiting()?;

    first.hang_up()?;
    second.hear()
}
// ANCHOR_END: main

/// A client that tells what it does.
struct Client {
    name: &'static str,
    connection: BufReader<TcpStream>,
}

impl Client {
    fn connect(name: &'static str, server: SocketAddr) -> io::Result<Self> {
        let connection = BufReader::new(TcpStream::connect(server)?);
        println!("{name:>6}: connected");
        Ok(Self { name, connection })
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.send(line)?;
        println!("{:>6}: says  {line}", self.name);
        Ok(())
    }

    fn send(&mut self, line: &str) -> io::Result<()> {
        self.connection.get_mut().write_all(format!("{line}\n").as_bytes())
    }

    /// Says so many lines, and waits for the answer to each. By then a server that had time for anybody else has had it.
    fn chat(&mut self, lines: usize) -> io::Result<()> {
        let mut answer = String::new();
        for line in 0..lines {
            self.send(&format!("line {line}"))?;
            self.connection.read_line(&mut answer)?;
        }
        println!("{:>6}: says and hears {lines} more lines", self.name);
        Ok(())
    }

    /// Waits for a line.
    fn hear(&mut self) -> io::Result<()> {
        let mut line = String::new();
        self.connection.read_line(&mut line)?;
        println!("{:>6}: hears {}", self.name, line.trim_end());
        Ok(())
    }

    // ANCHOR: without-waiting
    /// Looks whether anything has come, and does not wait if nothing has.
    fn listen_without_waiting(&mut self) -> io::Result<()> {
        self.connection.get_ref().set_nonblocking(true)?;
        match self.connection.fill_buf() {
            Ok([]) => println!("{:>6}: was hung up on", self.name),
            Ok(bytes) => println!("{:>6}: has {} bytes to read", self.name, bytes.len()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                println!("{:>6}: hears nothing", self.name);
            }
            Err(error) => return Err(error),
        }
        self.connection.get_ref().set_nonblocking(false)
    }
    // ANCHOR_END: without-waiting

    fn hang_up(self) -> io::Result<()> {
        println!("{:>6}: hangs up", self.name);
        self.connection.get_ref().shutdown(Shutdown::Both)
    }
}
