//! Two uploads on one connection, of which one is never read, at a server with a small window for the connection and at one with a large.
//!
//! ```text
//! cargo run -p http2-and-tls --example deaf_neighbour
//! ```

#[expect(dead_code, reason = "nobody asks without an upload")]
mod browser;

use std::future::{pending, poll_fn};
use std::time::Duration;

use browser::Browser;
use bytes::Bytes;
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use h2::SendStream;
use http_server::Config;
use http2_and_tls::{Http2, Server};
use tokio::io::duplex;
use tokio::time::{Instant, sleep};

// ANCHOR: app
async fn uploads(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    if scope.path() == "/deaf" {
        pending::<()>().await; // it does other things first
    }
    while receive.part().await?.is_some() {}
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("")).await?)
}
// ANCHOR_END: app

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), h2::Error> {
    // ANCHOR: main
    for connection_window in [Some(65_535), None] {
        let http2 = Http2 { connection_window, ..Http2::default() };
        let server = Server::new(uploads, Config::default(), http2);
        let (ours, theirs) = duplex(16 * 1024);
        tokio::spawn(async move { server.serve_connection(theirs).await });
        let proxy = Browser::new(ours).await?;

        let (_eve, body) = proxy.posts("/deaf").await?;
        tokio::spawn(upload(body, 100_000));
        sleep(Duration::from_secs(1)).await;

        let began = Instant::now();
        let (ben, body) = proxy.posts("/guests").await?;
        tokio::spawn(upload(body, 1_000));
        let status = ben.await?.status();
        let (waited, window) = (began.elapsed().as_secs(), connection_window.unwrap_or(6_553_600));
        println!("a window of {window:>7} bytes: Ben hears {status} after {waited} s");
    }
    // ANCHOR_END: main
    Ok(())
}

/// Sends so many bytes, as far as the server's windows let it.
async fn upload(mut body: SendStream<Bytes>, mut bytes: usize) -> Result<(), h2::Error> {
    while bytes > 0 {
        body.reserve_capacity(bytes);
        let Some(room) = poll_fn(|cx| body.poll_capacity(cx)).await.transpose()? else { break };
        let part = room.min(bytes);
        bytes -= part;
        body.send_data(Bytes::from(vec![b'~'; part]), bytes == 0)?;
    }
    Ok(())
}
