//! The load of WebSockets: a message, its echo, and so on, on many connections of one thread.
//!
//! The request and the message are those of chapter 20's own comparison.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::client::{REQUEST, length_of_echo, message};
use crate::load::percentiles;

/// What is asked.
#[derive(Debug, Args)]
pub struct Asking {
    address: SocketAddr,
    seconds: u64,
    connections: usize,
    size: usize,
}

impl Asking {
    /// Asks, and prints how many echoes came, in how many seconds, three percentiles of their times in microseconds, and how many connections broke.
    pub fn run(self) -> io::Result<()> {
        event_loop::descriptors::raise_limit(self.connections as u64 + 64);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut times, seconds, errors) = runtime.block_on(self.all());
        let [p50, p99, p999] = percentiles(&mut times);
        println!("{} {seconds} {p50:.0} {p99:.0} {p999:.0} {errors}", times.len());
        Ok(())
    }

    async fn all(self) -> (Vec<f64>, f64, usize) {
        // All are there before the first message.
        let opening: Vec<_> =
            (0..self.connections).map(|_| tokio::spawn(open(self.address))).collect();
        let mut streams = Vec::new();
        let mut errors = 0;
        for each in opening {
            match each.await {
                Ok(Ok(stream)) => streams.push(stream),
                _ => errors += 1,
            }
        }
        let began = Instant::now();
        let until = began + Duration::from_secs(self.seconds);
        let asking: Vec<_> =
            streams.into_iter().map(|stream| tokio::spawn(one(stream, until, self.size))).collect();
        let mut times = Vec::new();
        for each in asking {
            match each.await {
                Ok(Ok(more)) => times.extend(more),
                _ => errors += 1,
            }
        }
        (times, began.elapsed().as_secs_f64(), errors)
    }
}

/// The request for a WebSocket, at the path where axum has it.
pub fn request() -> Vec<u8> {
    let rest = REQUEST.strip_prefix(b"GET /").unwrap_or_default();
    [b"GET /socket", rest].concat()
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&request()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    if head.starts_with(b"HTTP/1.1 101") {
        Ok(stream)
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()))
    }
}

/// How long each of its echoes took, in microseconds.
async fn one(mut stream: TcpStream, until: Instant, size: usize) -> io::Result<Vec<f64>> {
    let message = message(size);
    let mut echo = vec![0; length_of_echo(&message)];
    let mut times = Vec::new();
    loop {
        let began = Instant::now();
        let exchange = async {
            stream.write_all(&message).await?;
            stream.read_exact(&mut echo).await
        };
        match timeout_at(until, exchange).await {
            // A whole binary message of tildes, and nothing else.
            Ok(Ok(_)) if echo.starts_with(&[0x82]) && echo.ends_with(b"~") => {
                times.push(began.elapsed().as_secs_f64() * 1e6);
            }
            Ok(Ok(_)) => return Err(io::Error::other("the echo is another message")),
            Ok(Err(error)) => return Err(error),
            Err(_) => return Ok(times),
        }
    }
}
