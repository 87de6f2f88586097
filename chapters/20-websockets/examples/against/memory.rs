//! What an idle WebSocket costs a server in memory: when it is new, and after messages of several sizes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::client::{REQUEST, length_of_echo, message};
use crate::process::Server;
use crate::servers::WAYS;

/// With so many connections; `rest` are the seconds before each look.
pub fn measure(connections: usize, rest: u64) -> io::Result<()> {
    let limit = event_loop::descriptors::raise_limit(connections as u64 + 64);
    let connections = limit.fits(connections, 64);
    println!("resident memory for each of {connections} idle WebSockets, in KiB");
    println!("          when they are new  after 16 bytes each  after 64 KiB each");
    for way in WAYS {
        let server = Server::start(way, None, connections as u64 + 64, Duration::ZERO)?;
        of(way, &server, connections, rest)?;
    }
    match Server::uvicorn()? {
        Some(server) => of("Uvicorn", &server, connections, rest)?,
        None => println!("Uvicorn is not installed"),
    }
    Ok(())
}

fn of(name: &str, server: &Server, count: usize, rest: u64) -> io::Result<()> {
    // What is made once, for whoever comes first.
    ask(&mut open(server)?, 16)?;
    sleep(Duration::from_secs(rest));
    let before = server.resident()?;
    let each = |server: &Server| {
        sleep(Duration::from_secs(rest));
        Ok::<_, io::Error>(server.resident()?.saturating_sub(before) as f64 / count as f64)
    };
    let mut streams = (0..count).map(|_| open(server)).collect::<io::Result<Vec<_>>>()?;
    let new = each(server)?;
    let mut after = Vec::new();
    for size in [16, 64 * 1024] {
        for stream in &mut streams {
            ask(stream, size)?;
        }
        after.push(each(server)?);
    }
    println!("{name:>8}  {new:>17.1}  {:>19.1}  {:>17.1}", after[0], after[1]);
    Ok(())
}

fn open(server: &Server) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // A reset in the end, so that no thousands of ports stay in TIME_WAIT.
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    stream.write_all(REQUEST)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    if head.starts_with(b"HTTP/1.1 101") {
        Ok(stream)
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()))
    }
}

fn ask(stream: &mut TcpStream, size: usize) -> io::Result<()> {
    let message = message(size);
    let mut echo = vec![0; length_of_echo(&message)];
    stream.write_all(&message)?;
    stream.read_exact(&mut echo)
}
