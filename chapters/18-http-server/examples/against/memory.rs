//! What an idle connection costs a server in memory, before and after a burst.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::process::Server;
use crate::servers::HELLO;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: crab\r\n\r\n";

/// With so many connections; in the burst each asks so often, all at once; `rest` are the seconds in which nobody says a word.
pub fn measure(connections: usize, requests: usize, rest: u64) -> io::Result<()> {
    let limit = event_loop::descriptors::raise_limit(connections as u64 + 64);
    let connections = limit.fits(connections, 64);
    println!("resident memory for each of {connections} idle connections, in KiB");
    println!("          when they are new  after a burst  that answer again");
    let bounds = Duration::from_secs(600);
    for way in ["hyper", "tidepool"] {
        let server = Server::start(way, None, connections as u64 + 64, bounds)?;
        of(way, &server, connections, requests, rest)?;
    }
    match Server::uvicorn()? {
        Some(server) => of("Uvicorn", &server, connections, requests, rest)?,
        None => println!("Uvicorn is not installed"),
    }
    Ok(())
}

fn of(name: &str, server: &Server, count: usize, requests: usize, rest: u64) -> io::Result<()> {
    // What is made once, for whoever comes first.
    ask_all(&mut connect(server, 1)?)?;
    sleep(Duration::from_secs(rest));
    let before = server.resident()?;
    let each = |server: &Server| {
        sleep(Duration::from_secs(rest));
        Ok::<_, io::Error>((server.resident()?.saturating_sub(before)) as f64 / count as f64)
    };
    let mut streams = connect(server, count)?;
    ask_all(&mut streams)?;
    let new = each(server)?;
    for _ in 0..requests {
        ask_all(&mut streams)?;
    }
    let after = each(server)?;
    let answered = ask_all(&mut streams)?;
    println!("{name:>8}  {new:>17.1}  {after:>13.1}  {answered:>17}");
    Ok(())
}

fn connect(server: &Server, count: usize) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let stream = TcpStream::connect(server.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        // A reset in the end, so that no thousands of ports stay in TIME_WAIT.
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        streams.push(stream);
    }
    Ok(streams)
}

/// All of them ask before anybody reads. Says how many were answered.
fn ask_all(streams: &mut [TcpStream]) -> io::Result<usize> {
    for stream in &mut *streams {
        stream.write_all(REQUEST)?;
    }
    let mut answered = 0;
    let mut buffer = [0; 1024];
    for stream in streams {
        let mut read = 0;
        while !buffer[..read].ends_with(HELLO) {
            match stream.read(&mut buffer[read..])? {
                0 => return Err(io::Error::other("the server has closed a connection")),
                count => read += count,
            }
        }
        answered += 1;
    }
    Ok(answered)
}
