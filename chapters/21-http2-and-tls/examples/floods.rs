//! Frames that cost a client little, again and again, until the server has had enough.
//!
//! ```text
//! cargo run -p http2-and-tls --example floods
//! ```

#[expect(dead_code, reason = "nobody resets")]
mod raw;

use std::future::pending;

use gateway::{Error, Receive, Scope, Sender};
use h2::Reason;
use http_server::Config;
use http2_and_tls::{Http2, Server};
use proctor::memory::{Counting, Mark};
use raw::{Client, fields, frame, get, kind};
use tokio::io::duplex;
use wsgi::server::ErrorLog;

#[global_allocator]
static MEMORY: Counting = Counting;

async fn deaf(_: Scope, _: Receive, _: Sender) -> Result<(), Error> {
    pending().await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("                     frames  bytes       held  counted by  the end");
    let crumb = fields(&[("cookie", "a=b")]);
    // ANCHOR: floods
    flood("SETTINGS", "settings", &[], &frame(kind::SETTINGS, 0, 0, &[])).await;
    flood("PING", "pings", &[], &frame(kind::PING, 0, 0, &[0; 8])).await;
    flood("DATA without data", "empty", &begun(), &frame(kind::DATA, 0, 1, &[])).await;
    flood("WINDOW_UPDATE by 1", "updates", &[], &frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]))
        .await;
    flood("PRIORITY", "others", &[], &frame(2, 0, 1, &[0, 0, 0, 3, 0])).await;
    flood("DATA of one byte", "h2", &begun(), &frame(kind::DATA, 0, 1, b"~")).await;
    flood("CONTINUATION", "h2", &endless(), &frame(kind::CONTINUATION, 0, 1, &crumb)).await;
    // ANCHOR_END: floods
}

/// A request whose body is to come.
fn begun() -> Vec<u8> {
    frame(kind::HEADERS, 4, 1, &get())
}

/// A request whose headers are to go on.
fn endless() -> Vec<u8> {
    frame(kind::HEADERS, 1, 1, &get())
}

async fn flood(name: &str, counted: &str, first: &[u8], again: &[u8]) {
    let config = Config { errors: ErrorLog::new(std::io::sink()), ..Config::default() };
    let server = Server::new(deaf, config, Http2::default());
    let (ours, theirs) = duplex(16 * 1024);
    let mark = Mark::here();
    let serving = tokio::spawn(async move { server.serve_connection(theirs).await });
    let mut eve = Client::new(ours).await;
    eve.says(first).await;
    let (mut frames, before) = (0, eve.sent);
    while frames < 100_000 {
        frames += 1;
        if !eve.says(again).await {
            break;
        }
    }
    let (sent, kib) = (eve.sent - before, mark.highest() / 1024);
    let end = eve.told.map_or("no end".to_owned(), |told| format!("{:?}", Reason::from(told)));
    println!("{name:<18} {frames:>8} {sent:>6} {kib:>6} KiB  {counted:<10}  {end}");
    serving.abort();
    let _ = serving.await;
}
