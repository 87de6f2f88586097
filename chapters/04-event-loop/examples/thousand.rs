//! A thousand slow clients, in a second process, and one thread that serves them.
//!
//! ```text
//! cargo run -p event-loop --example thousand
//! cargo run -p event-loop --example thousand -- 5000
//! ```

use std::env;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use event_loop::descriptors::raise_limit;
use event_loop::server::{Server, listen};
use event_loop::{EventLoop, Pace, Service};
use one_at_a_time::stopwatch::Stopwatch;
use wsgi::{Config, crab_app};

/// Descriptors for other things than connections.
const SPARE: u64 = 32;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => serve(1_000),
        [count] => serve(count.parse().map_err(io::Error::other)?),
        ["--clients", count, server] => visit(
            count.parse().map_err(io::Error::other)?,
            server.parse().map_err(io::Error::other)?,
        ),
        _ => Err(io::Error::other("expected nothing, or a number of clients")),
    }
}

// ANCHOR: serve
fn serve(wanted: usize) -> io::Result<()> {
    let limit = raise_limit(wanted as u64 + SPARE);
    println!("{limit}");
    let count = limit.fits(wanted, SPARE);

    let listener = listen(([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    let pace = Arc::new(Pace::new());
    let service = Service::new(crab_app(pace.clone()), pace, Config::default());
    let mut event_loop = EventLoop::new()?;
    let server = Server::start(&mut event_loop, listener, service)?;

    let clients = Command::new(env::current_exe()?)
        .args(["--clients", &count.to_string(), &address.to_string()])
        .spawn()?;
    event_loop.call_soon(move |event_loop| stop_after(event_loop, clients));
    let watch = Stopwatch::start();
    event_loop.run()?;
    println!("one thread: {} connections, {} at once", server.came(), server.most());
    println!("one thread: {}", watch.read());
    Ok(())
}
// ANCHOR_END: serve

/// Stops the loop when the clients' process has ended.
fn stop_after(event_loop: &mut EventLoop, mut clients: Child) {
    match clients.try_wait() {
        Ok(None) => {
            let look_again = Duration::from_millis(20);
            event_loop.call_later(look_again, move |event_loop| stop_after(event_loop, clients));
        }
        Ok(Some(_)) | Err(_) => event_loop.stop(),
    }
}

// ANCHOR: visit
/// Clients on slow phones: each sends its request in ten pieces, a tenth of a second apart.
fn visit(count: usize, server: SocketAddr) -> io::Result<()> {
    // ANCHOR_END: visit
    raise_limit(count as u64 + SPARE);
    // ANCHOR: visit
    let request =
        b"GET /crabs/hermit HTTP/1.1\r\nHost: crabsarecool.com\r\nConnection: close\r\n\r\n";
    let mut phones =
        (0..count).map(|_| TcpStream::connect(server)).collect::<io::Result<Vec<_>>>()?;
    for piece in request.chunks(request.len().div_ceil(10)) {
        for phone in &mut phones {
            phone.write_all(piece)?;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let mut answered = 0;
    for phone in &mut phones {
        let mut answer = String::new();
        phone.read_to_string(&mut answer)?;
        answered += usize::from(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("hermit"));
    }
    println!("{count} slow clients, {answered} pages");
    Ok(())
}
// ANCHOR_END: visit
