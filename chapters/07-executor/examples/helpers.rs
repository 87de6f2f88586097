//! An echo server on Ebb, which knows no sockets: each conversation has a thread that waits in its place.
//!
//! Run with `cargo run -p executor --example helpers`. An argument is another number of clients.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use executor::{Ebb, TaskGroup};
use futures_by_hand::oneshot;
use one_at_a_time::stopwatch::Stopwatch;
use proctor::count::Peak;

// ANCHOR: read
/// Reads once, on a thread of its own, which wakes the task.
async fn read(stream: &TcpStream, helpers: &Peak) -> io::Result<Vec<u8>> {
    let mut stream = stream.try_clone()?;
    let (sender, receiver) = oneshot::channel();
    let inside = helpers.enter();
    thread::spawn(move || {
        let mut buffer = vec![0; 1_024];
        let read = stream.read(&mut buffer);
        drop(inside);
        sender.send(read.map(|count| buffer[..count].to_vec()));
    });
    receiver.await
}

async fn echo(mut stream: TcpStream, helpers: Peak) -> io::Result<()> {
    loop {
        let bytes = read(&stream, &helpers).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        stream.write_all(&bytes)?; // A few bytes always find room.
    }
}
// ANCHOR_END: read

fn main() -> io::Result<()> {
    let clients = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(400);
    let helpers = Peak::new();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let crowd = thread::spawn(move || crowd(address, clients));
    let accepted: Vec<_> =
        listener.incoming().take(clients).collect::<io::Result<_>>().expect("clients come");
    let stopwatch = Stopwatch::start();
    Ebb::new().block_on(async {
        let mut conversations = TaskGroup::new();
        for stream in accepted {
            conversations.spawn(echo(stream, helpers.clone()));
        }
        while let Some(ended) = conversations.next().await {
            ended.expect("an echo does not panic").expect("the client stays to the end");
        }
    });
    crowd.join().expect("the clients do not panic")?;
    println!("{clients} conversations, 1 thread that runs them");
    println!("{} threads that wait, {} started in all", helpers.highest(), helpers.entered());
    println!("{}", stopwatch.read());
    Ok(())
}

const WORDS: [&[u8]; 4] = [b"crabs", b"are", b"cool", b"mostly"];

/// All clients connect, and then each says a word in every round and hears it.
fn crowd(address: std::net::SocketAddr, clients: usize) -> io::Result<()> {
    let mut streams =
        (0..clients).map(|_| TcpStream::connect(address)).collect::<io::Result<Vec<_>>>()?;
    for word in WORDS {
        for stream in &mut streams {
            stream.write_all(word)?;
        }
        for stream in &mut streams {
            let mut heard = vec![0; word.len()];
            stream.read_exact(&mut heard)?;
            assert_eq!(heard, word);
        }
    }
    Ok(())
}
