//! What idle connections cost in memory.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::client::{length_of_echo, message};
use crate::ours::HELLO;
use crate::process::Server;
use crate::samples::Sample;
use crate::sockets::request;
use crate::workloads::{Speaks, Workload};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: crab\r\n\r\n";

/// Opens them, has each asked once, and looks after so many seconds of silence.
pub fn weigh(server: &Server, workload: &Workload, rest: u32) -> io::Result<Sample> {
    let rest = Duration::from_secs(rest.into());
    // What is made once, for whoever comes first.
    drop(open(server, workload.speaks)?);
    sleep(rest);
    let before = server.resident()?;
    let mut streams = Vec::new();
    let mut errors = 0.0;
    for _ in 0..workload.connections {
        match open(server, workload.speaks) {
            Ok(stream) => streams.push(stream),
            Err(_) => errors += 1.0,
        }
    }
    sleep(rest);
    let grown = server.resident()? - before;
    for stream in &mut streams {
        errors += f64::from(u8::from(ask(stream, workload.speaks).is_err()));
    }
    Ok(Sample {
        rate: f64::NAN,
        times: [f64::NAN; 3],
        cost: f64::NAN,
        resident: grown / workload.connections as f64,
        errors,
    })
}

fn open(server: &Server, speaks: Speaks) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // A reset in the end, so that no thousands of ports stay in TIME_WAIT.
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    if speaks == Speaks::WebSocket {
        stream.write_all(&request())?;
        let head = until(&mut stream, b"\r\n\r\n")?;
        if !head.starts_with(b"HTTP/1.1 101") {
            return Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()));
        }
    }
    ask(&mut stream, speaks)?;
    Ok(stream)
}

fn ask(stream: &mut TcpStream, speaks: Speaks) -> io::Result<()> {
    if speaks == Speaks::WebSocket {
        let message = message(16);
        stream.write_all(&message)?;
        return stream.read_exact(&mut vec![0; length_of_echo(&message)]);
    }
    stream.write_all(REQUEST)?;
    until(stream, HELLO).map(drop)
}

/// Nothing comes behind that end before it is asked for.
fn until(stream: &mut TcpStream, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    while !bytes.ends_with(end) {
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(bytes)
}
