//! The application is async: it may wait in the middle, for time and for room.
//!
//! ```text
//! cargo run -p gateway --example awaited
//! ```

use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use wsgi::crab::tide;
use wsgi::{Environ, Error};

/// What an application says.
enum Event {
    /// The status.
    Start(u16),
    /// A part of the body, and whether there will be more.
    Body { part: String, more: bool },
}

type Send = mpsc::Sender<Event>;

// ANCHOR: app
async fn crab_app(environ: Environ, send: Send) -> Result<(), Error> {
    send.send(Event::Start(200)).await?;
    match environ.path_info.as_str() {
        "/feed" => feed(send).await,
        "/storm" => storm(send).await,
        _ => {
            Ok(send.send(Event::Body { part: "Crabs are cool\n".to_owned(), more: false }).await?)
        }
    }
}

async fn feed(send: Send) -> Result<(), Error> {
    for number in 0..=8 {
        println!("{}      reading {number}", clock());
        send.send(Event::Body { part: tide(number), more: number < 8 }).await?;
        sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// A warning, when there is one.
async fn storm(send: Send) -> Result<(), Error> {
    loop {
        sleep(Duration::from_hours(1)).await;
        send.send(Event::Body { part: "No storm this hour\n".to_owned(), more: true }).await?;
    }
}
// ANCHOR_END: app

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let ada = tokio::spawn(visit("Ada", "/feed", Duration::from_secs(3), 4));
    let ben = tokio::spawn(visit("Ben", "/", Duration::from_secs(1), 1));
    let eve = tokio::spawn(visit("Eve", "/storm", Duration::from_secs(4), 0));
    for visit in [ada, ben, eve] {
        visit.await.expect("a visitor does not panic");
    }
}
// ANCHOR_END: main

// ANCHOR: visit
/// A visitor, who reads so many parts, pausing after each thing, and leaves.
async fn visit(name: &str, target: &str, pause: Duration, parts: usize) {
    let (send, mut events) = mpsc::channel(1);
    let call = tokio::spawn(crab_app(Environ::testing("GET", target), send));
    let mut read = 0;
    while let Some(event) = events.recv().await {
        match event {
            Event::Start(status) => println!("{}  {name} gets status {status}", clock()),
            Event::Body { part, more } => {
                println!("{}  {name} gets {}", clock(), part.trim_end());
                read += 1;
                if !more {
                    break;
                }
            }
        }
        sleep(pause).await;
        if read == parts {
            println!("{}  {name} leaves", clock());
            break;
        }
    }
    drop(events);
    let ended = call.await.expect("the application does not panic");
    let ended = ended.map_or_else(|error| error.to_string(), |()| "done".to_owned());
    println!("{}      {name}'s call: {ended}", clock());
}
// ANCHOR_END: visit

/// The time since the beginning.
fn clock() -> String {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    format!("{:>4} s", BEGAN.get_or_init(Instant::now).elapsed().as_secs())
}
