//! How a call can end: well, with a client that leaves, or with an application that fails.
//!
//! `cargo run -p gateway --example client_leaves`

use std::time::Duration;

use gateway::testing::{self, Request};
use gateway::{
    Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, SendError, Sender,
};
use tokio::time::sleep;

// ANCHOR: apps
/// Streams, and lets every error out.
async fn streams(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    loop {
        send.send(ResponseBody::part("tide\n")).await?;
        sleep(Duration::from_secs(1)).await;
    }
}

/// Streams, and has something to do when the client has left.
async fn tidies_up(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    loop {
        match send.send(ResponseBody::part("tide\n")).await {
            Err(SendError::Disconnected(_)) => break,
            other => other?,
        }
        sleep(Duration::from_secs(1)).await;
    }
    println!("    (puts the tide away)");
    Ok(())
}

/// Waits for a storm, or for the client to leave.
async fn waits(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    send.send(ResponseBody::part("watching\n")).await?;
    tokio::select! {
        () = sleep(Duration::from_hours(1)) => {}
        () = left(&mut receive) => return Ok(()),
    }
    Ok(send.send(ResponseBody::last("storm!\n")).await?)
}

async fn left(receive: &mut Receive) {
    while receive.next().await != ReceiveEvent::HttpDisconnect {}
}
// ANCHOR_END: apps

// ANCHOR: failures
async fn fails(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    Err("out of crabs")?
}

async fn fails_later(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    send.send(ResponseBody::part("first the good news\n")).await?;
    sleep(Duration::from_secs(1)).await;
    Err("out of crabs")?
}
// ANCHOR_END: failures

async fn panics(_: Scope, _: Receive, _: Sender) -> Result<(), Error> {
    panic!("a crab is loose")
}

async fn says_nothing(_: Scope, _: Receive, _: Sender) -> Result<(), Error> {
    Ok(())
}

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    std::panic::set_hook(Box::new(|_| {})); // the panic is told below
    let asks = || Request::get("/");
    tell("streams", &streams, asks().disconnect_after(2)).await;
    tell("tidies_up", &tidies_up, asks().disconnect_after(2)).await;
    tell("waits", &waits, asks().wait(Duration::from_secs(5)).disconnect()).await;
    tell("fails", &fails, asks()).await;
    tell("fails_later", &fails_later, asks()).await;
    tell("panics", &panics, asks()).await;
    tell("says_nothing", &says_nothing, asks()).await;
}
// ANCHOR_END: main

async fn tell(name: &str, app: &impl gateway::App, request: Request) {
    let began = tokio::time::Instant::now();
    let answer = testing::ask(app, request).await;
    let whole = match (answer.complete, answer.sent.is_empty()) {
        (true, _) => ", whole",
        (false, true) => "", // the server's own
        (false, false) => ", cut short",
    };
    let (ended, report) = match answer.ended {
        Ok(()) => ("it returned".to_owned(), ""),
        Err(failure) if failure.is_expected() => (failure.to_string(), ""),
        Err(failure) => (failure.to_string(), " (to be reported)"),
    };
    let seen = format!("{}{whole}", answer.status.as_u16());
    let after = began.elapsed().as_secs();
    println!("{name:<13} {after} s   {seen:<16} {ended}{report}");
}
