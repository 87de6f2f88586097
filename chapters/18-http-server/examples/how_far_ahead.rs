//! How much of an endless response is made for a client that does not read.
//!
//! ```text
//! cargo run -p http-server --example how_far_ahead
//! ```

#[path = "../steps/beside/response.rs"]
mod response;
#[path = "../steps/beside/server.rs"]
mod server;
#[path = "../steps/wire/mod.rs"]
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use gateway::{DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, State};
use http_server::{Config, Tcp};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::yield_now;

const KIB: usize = 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    println!("                    parts of 1 KiB   of 16 KiB      of 1 MiB");
    for step in [true, false] {
        print!("{:<18}", if step { "the third step" } else { "http-server" });
        for part in [KIB, 16 * KIB, KIB * KIB] {
            print!("  {:>8} KiB", sent(step, part).await? / KIB);
        }
        println!();
    }
    Ok(())
}

/// How many bytes are sent until nothing moves any more.
async fn sent(step: bool, part: usize) -> Result<usize, Error> {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    // ANCHOR: app
    let flood = move |_: Scope, _: Receive, send: Sender| {
        let sent = Arc::clone(&counted);
        async move {
            send.send(ResponseStart::new(200)).await?;
            let water = Bytes::from(vec![b'~'; part]);
            loop {
                send.send(ResponseBody::part(water.clone())).await?;
                sent.fetch_add(part, Relaxed);
            }
            // ANCHOR_END: app
            #[expect(unreachable_code, reason = "it says what is returned")]
            Ok::<(), Error>(())
            // ANCHOR: app
        }
    };
    // ANCHOR_END: app
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let socket = TcpSocket::new_v4()?;
    // What the client's kernel takes for it is small, and what is seen is the server's side.
    socket.set_recv_buffer_size(16 * 1024)?;
    let mut client = socket.connect(listener.local_addr()?).await?;
    let (stream, _) = listener.accept().await?;
    let serving = if step {
        tokio::spawn(server::serve_connection(stream, DynApp::new(flood), State::new()))
    } else {
        let config = Config::default();
        let stream = Tcp::new(stream, config.unsent);
        tokio::spawn(http_server::Server::new(flood, config).serve_connection(stream))
    };
    client.write_all(b"GET / HTTP/1.1\r\nHost: crab\r\n\r\n").await?;
    let mut before = 0;
    while before == 0 || before != sent.load(Relaxed) {
        before = sent.load(Relaxed);
        for _ in 0..10_000 {
            yield_now().await;
        }
    }
    serving.abort();
    Ok(before)
}
