//! The application is given `receive` as well: the request comes in events, and so does the news that the client has left.
//!
//! ```text
//! cargo run -p gateway --example received
//! ```

use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep};
use wsgi::{Environ, Error};

// ANCHOR: events
/// What an application is told.
enum Received {
    /// A part of the request's body.
    Body(String),
    /// The client has left.
    Disconnect,
}

/// What an application says.
enum Event {
    /// The status.
    Start(u16),
    /// A part of the body.
    Body(String),
}

type Receive = mpsc::Receiver<Received>;
type Send = mpsc::Sender<Event>;
// ANCHOR_END: events

// ANCHOR: chat
type Room = broadcast::Sender<String>;

async fn chat_app(
    room: Room,
    environ: Environ,
    mut receive: Receive,
    send: Send,
) -> Result<(), Error> {
    let name = environ.query_string;
    let mut others = room.subscribe();
    send.send(Event::Start(200)).await?;
    loop {
        tokio::select! {
            told = receive.recv() => match told {
                Some(Received::Body(line)) => {
                    room.send(format!("{name}: {line}"))?;
                }
                Some(Received::Disconnect) | None => break,
            },
            heard = others.recv() => send.send(Event::Body(heard?)).await?,
        }
    }
    room.send(format!("{name} has left"))?;
    Ok(())
}
// ANCHOR_END: chat

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let room = Room::new(16);
    let ada = enter("Ada", &room);
    let ben = enter("Ben", &room);
    sleep(Duration::from_secs(1)).await;

    say("Ada", &ada, "hello?").await?;
    say("Ada", &ada, "is anybody there?").await?;
    sleep(Duration::from_hours(1)).await;
    say("Ben", &ben, "sorry, I was away").await?;
    println!("{}  Ben leaves", clock());
    ben.send(Received::Disconnect).await?;
    sleep(Duration::from_secs(1)).await;
    Ok(())
}
// ANCHOR_END: main

/// A visitor comes in, and shows what arrives. What the visitor says is sent by what this returns.
fn enter(name: &'static str, room: &Room) -> mpsc::Sender<Received> {
    let (say, receive) = mpsc::channel(1);
    let (send, mut events) = mpsc::channel(1);
    let environ = Environ::testing("POST", &format!("/chat?{name}"));
    tokio::spawn(chat_app(room.clone(), environ, receive, send));
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            match event {
                Event::Start(status) => println!("{}  {name} is in: {status}", clock()),
                Event::Body(line) if line.starts_with(name) => {}
                Event::Body(line) => println!("{}      {name} hears {line}", clock()),
            }
        }
    });
    say
}

async fn say(name: &str, to: &mpsc::Sender<Received>, line: &str) -> Result<(), Error> {
    println!("{}  {name} says {line}", clock());
    to.send(Received::Body(line.to_owned())).await?;
    // Everybody hears it before anybody says the next thing.
    sleep(Duration::from_millis(1)).await;
    Ok(())
}

/// The time since the beginning.
fn clock() -> String {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    format!("{:>4} s", BEGAN.get_or_init(Instant::now).elapsed().as_secs())
}
