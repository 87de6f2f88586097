//! A crowd, most of it idle, some of it active; and attackers, who take their time.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use crate::process::Server;
use crate::servers::HELLO;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: crab\r\n\r\n";
/// How long the server waits for a head, a body's part, or room to write, in seconds.
const BOUND: u64 = 3;
/// How long an active client thinks before it asks again.
const THINKS: Duration = Duration::from_millis(10);
const ATTACKS: [Attack; 4] = [Attack::Silent, Attack::Head, Attack::Body, Attack::Unread];

/// What an attacker does.
#[derive(Clone, Copy)]
enum Attack {
    /// It says nothing.
    Silent,
    /// It sends a head, a byte at a time.
    Head,
    /// It sends a head, and nothing of the body.
    Body,
    /// It asks for much, and reads nothing.
    Unread,
}

/// So many connections, of which some are active; so many attackers of each kind; seconds of each phase.
pub fn measure(count: usize, active: usize, each: usize, seconds: u64) -> io::Result<()> {
    let limit = event_loop::descriptors::raise_limit(count as u64 + 1_024);
    let count = limit.fits(count, 1_024);
    let server = Server::start("guarded", None, count as u64 + 1_024, Duration::from_secs(BOUND))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, crowd(&server, count, active, each, seconds))
}

async fn crowd(
    server: &Server,
    count: usize,
    active: usize,
    each: usize,
    seconds: u64,
) -> io::Result<()> {
    let window = Duration::from_secs(seconds);
    let mut idle = Vec::new();
    for _ in 0..count {
        let mut stream = connect(server.address, None).await?;
        ask(&mut stream).await?;
        idle.push(stream);
    }
    let times = Rc::new(RefCell::new(Vec::new()));
    let clients: Vec<JoinHandle<io::Result<()>>> = idle
        .drain(..active)
        .map(|mut stream| {
            let times = Rc::clone(&times);
            spawn_local(async move {
                loop {
                    let start = Instant::now();
                    ask(&mut stream).await?;
                    times.borrow_mut().push(start.elapsed());
                    sleep(THINKS).await;
                }
            })
        })
        .collect();
    println!("{count} connections, {active} of them active; bounds of {BOUND} s");
    println!("                     requests  median ms  p99 ms  server's MiB");
    let phase = async |name: &str| {
        times.borrow_mut().clear();
        sleep(window).await;
        report(name, &mut times.borrow_mut(), server)
    };
    sleep(Duration::from_secs(2)).await;
    phase("without attackers").await?;
    let there = server.descriptors()?;
    let mut attackers = Vec::new();
    for _ in 0..each {
        for attack in ATTACKS {
            attackers.push(spawn_local(go(attack, server.address)));
        }
    }
    phase(&format!("with {} of them", attackers.len())).await?;
    // All bounds, the time for a client to make room, and the time to linger.
    sleep(Duration::from_secs(3 * BOUND)).await;
    let left = server.descriptors()?.saturating_sub(there);
    phase("after their bounds").await?;
    println!("attackers whose connection is still open: {left}");
    let mut answered = 0;
    for stream in &mut idle {
        answered +=
            usize::from(matches!(timeout(10 * THINKS * 100, ask(stream)).await, Ok(Ok(()))));
    }
    println!("idle connections that answer: {answered} of {}", idle.len());
    let active = clients.iter().filter(|client| !client.is_finished()).count();
    println!("active ones that were never let down: {active} of {}", clients.len());
    attackers.iter().for_each(JoinHandle::abort);
    clients.iter().for_each(JoinHandle::abort);
    Ok(())
}

fn report(name: &str, times: &mut [Duration], server: &Server) -> io::Result<()> {
    times.sort_unstable();
    let at = |part: f64| {
        let index = (times.len() as f64 * part) as usize;
        times.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    };
    let memory = server.resident()? as f64 / 1024.0;
    let (count, median, late) = (times.len(), at(0.5), at(0.99));
    println!("{name:>19}  {count:>8}  {median:>9.2}  {late:>6.2}  {memory:>12.1}");
    Ok(())
}

async fn connect(address: SocketAddr, buffer: Option<u32>) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(address).await?;
    // A reset in the end, so that no thousands of ports stay in TIME_WAIT.
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    Ok(stream)
}

async fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(REQUEST).await?;
    let mut buffer = [0; 1024];
    let mut read = 0;
    while !buffer[..read].ends_with(HELLO) {
        match stream.read(&mut buffer[read..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => read += count,
        }
    }
    Ok(())
}

/// Attacks until the server has enough of it. The connection stays open on this side.
async fn go(attack: Attack, address: SocketAddr) -> io::Result<()> {
    let small = matches!(attack, Attack::Unread).then_some(4 * 1024);
    let mut stream = connect(address, small).await?;
    match attack {
        Attack::Silent => {}
        Attack::Head => {
            for byte in REQUEST.iter().cycle().filter(|byte| **byte != b'\n') {
                stream.write_all(&[*byte]).await?;
                sleep(10 * THINKS).await;
            }
        }
        Attack::Body => {
            stream
                .write_all(b"POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 9999\r\n\r\n")
                .await?;
        }
        Attack::Unread => {
            let request = b"GET /stream HTTP/1.1\r\nhost: a\r\n\r\n";
            stream.write_all(&request.repeat(32)).await?;
        }
    }
    sleep(Duration::from_secs(600)).await;
    drop(stream);
    Ok(())
}
