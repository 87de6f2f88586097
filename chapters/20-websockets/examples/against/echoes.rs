//! Echoes a second, and the server's processor time for each.

use std::env;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::client::{REQUEST, length_of_echo, message};
use crate::process::{Server, median};
use crate::servers::WAYS;

const SIZES: [(usize, &str); 2] = [(16, "16 bytes"), (64 * 1024, "64 KiB")];

/// So many rounds, in which the servers take turns, of so many seconds, with so many connections.
pub fn measure(rounds: usize, seconds: u64, connections: usize) -> io::Result<()> {
    println!("medians of {rounds} rounds, {connections} connections");
    println!("                    echoes/s  of axum   µs each  of axum");
    for (size, name) in SIZES {
        let mut seen = WAYS.map(|_| Vec::new());
        for _ in 0..rounds {
            for (way, seen) in WAYS.iter().zip(&mut seen) {
                let mut server = Server::start(way, Some("0"), 1_024, Duration::ZERO)?;
                let before = server.time()?;
                let echoes = clients(&server, seconds, connections, size)?;
                let time = server.time()? - before;
                seen.push((echoes as f64 / seconds as f64, time as f64 / echoes.max(1) as f64));
            }
        }
        let axum = seen[0].clone();
        for (way, seen) in WAYS.iter().zip(&seen) {
            let ratio = |part: fn(&(f64, f64)) -> f64| {
                median(seen.iter().zip(&axum).map(|(ours, axum)| part(ours) / part(axum)))
            };
            println!(
                "{name:<8}  {way:>8}  {:>8.0}  {:>7.2}  {:>8.2}  {:>7.2}",
                median(seen.iter().map(|each| each.0)),
                ratio(|each| each.0),
                median(seen.iter().map(|each| each.1)),
                ratio(|each| each.1),
            );
        }
    }
    Ok(())
}

/// Has a process of its own ask, and says how often it was answered.
fn clients(server: &Server, seconds: u64, connections: usize, size: usize) -> io::Result<u64> {
    let output = Command::new("taskset")
        .args(["-c", "1"])
        .arg(env::current_exe()?)
        .args(["--ask", &server.address.to_string(), &seconds.to_string()])
        .args([&connections.to_string(), &size.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(io::Error::other)
}

/// What that process does.
pub fn ask(address: &str, seconds: &str, connections: &str, size: &str) -> io::Result<()> {
    let number = |text: &str| text.parse::<u64>().map_err(io::Error::other);
    let (seconds, connections) = (number(seconds)?, number(connections)?);
    let size = usize::try_from(number(size)?).map_err(io::Error::other)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let until = Instant::now() + Duration::from_secs(seconds);
        let asking = (0..connections).map(|_| tokio::spawn(one(address.to_owned(), until, size)));
        let asking: Vec<_> = asking.collect();
        let mut echoes = 0;
        for each in asking {
            echoes += each.await??;
        }
        println!("{echoes}");
        Ok(())
    })
}

/// Sends a message, waits for its echo, and so on. Says how many came.
async fn one(address: String, until: Instant, size: usize) -> io::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(REQUEST).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let message = message(size);
    let mut echo = vec![0; length_of_echo(&message)];
    let mut echoes = 0;
    loop {
        let exchange = async {
            stream.write_all(&message).await?;
            stream.read_exact(&mut echo).await
        };
        match timeout_at(until, exchange).await {
            Ok(done) => done.map(|_| echoes += 1)?,
            Err(_) => return Ok(echoes),
        }
    }
}
