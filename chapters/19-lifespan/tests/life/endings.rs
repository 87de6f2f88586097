//! A server that starts and ends in one of several ways, for the tests of real processes in `process.rs`.
//!
//! `cargo run -p lifespan --example endings -- 127.0.0.1:0 feed`

use std::io;
use std::process::ExitCode;
use std::sync::{
    Arc, Mutex,
    mpsc::{self, channel},
};
use std::thread;
use std::time::Duration;

use gateway::{
    Error, HttpScope, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, SendEvent, Sender,
};
use lifespan::Config;
use tokio::task::spawn_blocking;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(way)) = (arguments.next(), arguments.next()) else {
        eprintln!("expected an address and a way to end");
        return ExitCode::FAILURE;
    };
    let (line, typed) = channel();
    thread::spawn(move || {
        for _ in io::stdin().lines() {
            // Nobody may wait for it.
            let _ = line.send(());
        }
        // The test has ended, and has left this process behind.
        std::process::exit(99);
    });
    let typed = Arc::new(Mutex::new(typed));
    let patient = arguments.next().as_deref() == Some("patient");
    let mut config = Config::default();
    if !patient {
        // Where a test is about a bound, nobody has any time.
        match &*way {
            "deaf" => config.http.graceful = Duration::ZERO,
            "thread" | "waits" => config.leave = Duration::ZERO,
            "blocks" => {
                (config.http.graceful, config.shutdown, config.leave) = Default::default();
            }
            _ => {}
        }
    }
    let app = move |scope: Scope, receive: Receive, send: Sender| {
        let (way, typed) = (way.clone(), Arc::clone(&typed));
        async move {
            match scope {
                Scope::Lifespan(_) => live(&way, typed, receive, send).await,
                Scope::Http(scope) => answer(&way, &scope, send).await,
                Scope::WebSocket(_) => Err(scope.unsupported().into()),
            }
        }
    };
    lifespan::run_with(address, app, config)
}

async fn live(
    way: &str,
    typed: Arc<Mutex<mpsc::Receiver<()>>>,
    mut receive: Receive,
    send: Sender,
) -> Result<(), Error> {
    receive.next().await;
    match way {
        "fails" => {
            let why = "there is no water".to_owned();
            return Ok(send.send(SendEvent::LifespanStartupFailed(why)).await?);
        }
        "waits" => {
            spawn_blocking(move || typed.lock().unwrap().recv()).await??;
            eprintln!("app: ready");
        }
        _ => {}
    }
    send.send(SendEvent::LifespanStartupComplete).await?;
    while !matches!(receive.next().await, ReceiveEvent::LifespanShutdown) {}
    eprintln!("app: shutdown");
    if way == "leaks" {
        let why = "it leaks".to_owned();
        return Ok(send.send(SendEvent::LifespanShutdownFailed(why)).await?);
    }
    Ok(send.send(SendEvent::LifespanShutdownComplete).await?)
}

async fn answer(way: &str, scope: &HttpScope, send: Sender) -> Result<(), Error> {
    eprintln!("app: called");
    let shutdown = scope.shutdown();
    send.send(ResponseStart::new(200)).await?;
    match way {
        "feed" | "deaf" => {
            send.send(ResponseBody::part("data: tide\n\n")).await?;
            if way == "deaf" {
                std::future::pending::<()>().await;
            }
            shutdown.begun().await;
            Ok(send.send(ResponseBody::last("data: bye\n\n")).await?)
        }
        // Keeps the thread of the call itself for ever.
        "blocks" => loop {
            thread::sleep(Duration::from_hours(1));
        },
        // Keeps one of the threads that may block.
        "thread" => {
            drop(spawn_blocking(|| thread::sleep(Duration::MAX)));
            Ok(send.send(ResponseBody::last("crab\n")).await?)
        }
        _ => Ok(send.send(ResponseBody::last("crab\n")).await?),
    }
}
