//! A client that opens streams and resets them at once: at a server with a task for each stream, and at ours.
//!
//! ```text
//! cargo run -p http2-and-tls --example rapid_reset
//! ```

#[path = "../steps/naive/mod.rs"]
#[expect(dead_code, reason = "nobody carves")]
mod naive;
#[expect(dead_code, reason = "one attack does not need all frames")]
mod raw;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use gateway::{App, DynApp, Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use h2::Reason;
use http_server::Config;
use http2_and_tls::{Http2, Server};
use naive::answer;
use proctor::memory::{Counting, Mark};
use raw::{Client, frame, get, kind};
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wsgi::server::ErrorLog;

#[global_allocator]
static MEMORY: Counting = Counting;

/// Of an application: how many calls have begun, run now, and ran at once at most.
#[derive(Clone, Default)]
struct Calls(Arc<[AtomicUsize; 3]>);

impl Calls {
    /// An application that asks a database, and does not look whether somebody is still interested.
    fn app(&self) -> impl App + Clone + 'static {
        let calls = self.clone();
        move |_: Scope, _: Receive, send: Sender| {
            let calls = calls.clone();
            async move {
                let [begun, now, most] = &*calls.0;
                begun.fetch_add(1, Relaxed);
                most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
                sleep(Duration::from_secs(10)).await;
                now.fetch_sub(1, Relaxed);
                send.send(ResponseStart::new(200)).await?;
                Ok::<(), Error>(send.send(ResponseBody::last("")).await?)
            }
        }
    }
}

/// The last step's, with a bound on the streams that are open.
async fn task_each(stream: DuplexStream, app: DynApp) {
    // ANCHOR: bound
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(100);
    // ANCHOR_END: bound
    let Ok(mut h2) = builder.handshake(stream).await else { return };
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            accepted = h2.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let app = app.clone();
                calls.spawn(async move { answer(app, request, respond).await });
            }
            Some(_) = calls.join_next() => {}
        }
    }
}

async fn ours(stream: DuplexStream, app: DynApp) {
    let config = Config { errors: ErrorLog::new(io::sink()), ..Config::default() };
    Server::new(app, config, Http2::default()).serve_connection(stream).await;
}

fn main() -> io::Result<()> {
    let small = std::env::args().any(|argument| argument == "--small");
    let most = if small { 500 } else { 10_000 };
    println!("                  resets   calls  at once    memory  the end");
    attack("a task each", most, task_each)?;
    attack("http2-and-tls", most, ours)
}

fn attack<F>(
    name: &str,
    most: usize,
    serve: impl FnOnce(DuplexStream, DynApp) -> F,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    // Each has a runtime of its own, with nothing left in it of the one before.
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build()?;
    runtime.block_on(resets(name, most, serve));
    Ok(())
}

async fn resets<F>(name: &str, most: usize, serve: impl FnOnce(DuplexStream, DynApp) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let calls = Calls::default();
    let (ours, theirs) = duplex(16 * 1024);
    let mark = Mark::here();
    tokio::spawn(serve(theirs, DynApp::new(calls.app())));
    let mut eve = Client::new(ours).await;
    let mut resets = 0;
    // ANCHOR: attack
    for stream in (1..).step_by(2).take(most) {
        let asks = frame(kind::HEADERS, 5, stream, &get());
        let resets_it = frame(kind::RST_STREAM, 0, stream, &8_u32.to_be_bytes());
        resets += 1;
        if !eve.says(&[asks, resets_it].concat()).await {
            break;
        }
    }
    // ANCHOR_END: attack
    let [begun, _, at_once] = &*calls.0;
    let (begun, at_once) = (begun.load(Relaxed), at_once.load(Relaxed));
    let kib = mark.highest() / 1024;
    let end = eve.told.map_or("none".to_owned(), |told| format!("{:?}", Reason::from(told)));
    println!("{name:<14} {resets:>9} {begun:>7} {at_once:>8} {kib:>6} KiB  {end}");
}
