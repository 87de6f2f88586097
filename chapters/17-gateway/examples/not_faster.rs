//! Eight requests, for each of which the application has to wait a tenth of a second for somebody else.
//!
//! `cargo run -p gateway --example not_faster`

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use gateway::testing::{self, Request};
use gateway::{App, Error, Receive, ResponseBody, ResponseStart, Scope, Sender, WsgiApp};
use tokio::task::JoinSet;
use wsgi::{Body, Environ, StartResponse};

const TENTH: Duration = Duration::from_millis(100);

// ANCHOR: apps
/// WSGI.
fn blocks(_: Environ, start_response: StartResponse) -> Result<Body, Error> {
    thread::sleep(TENTH);
    start_response.call("200 OK", [("content-type", "text/plain")])?;
    Ok("crab\n".into())
}

/// ASGI, by a search and replace.
async fn async_blocks(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    thread::sleep(TENTH);
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("crab\n")).await?)
}

/// ASGI.
async fn awaits(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    tokio::time::sleep(TENTH).await;
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last("crab\n")).await?)
}
// ANCHOR_END: apps

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("WSGI, in threads:         {:.1} s", eight(WsgiApp::new(blocks)).await);
    println!("ASGI, and it blocks:      {:.1} s", eight(async_blocks).await);
    println!("ASGI, and it awaits:      {:.1} s", eight(awaits).await);
}

/// How long eight requests take that come at the same time.
async fn eight(app: impl App + 'static) -> f64 {
    let (app, began) = (Arc::new(app), Instant::now());
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let app = Arc::clone(&app);
        calls.spawn(async move { testing::ask(&*app, Request::get("/")).await.status });
    }
    calls.join_all().await;
    began.elapsed().as_secs_f64()
}
