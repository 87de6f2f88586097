//! A camera, for somebody who takes pictures as they come, and for somebody who needs three seconds for each.
//!
//! ```text
//! cargo run -p websockets --example camera
//! ```

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use gateway::{Accept, App, Error, Message, Receive, Scope, Sender};
use http_server::{Config, Server};
use timeline::{Kind, Recorder};
use tokio::io::duplex;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};
use websockets::{Event, WebSockets};

mod visitor;

use visitor::Visitor;

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: camera
async fn camera(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
    receive.next().await; // websocket.connect
    send.send(Accept::new()).await?;
    let mut shutter = interval(SECOND);
    shutter.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        shutter.tick().await;
        send.send(Message::Binary(picture())).await?;
    }
}
// ANCHOR_END: camera

// ANCHOR: hasty
async fn hasty(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(_) = scope else { return Err(scope.unsupported().into()) };
    receive.next().await; // websocket.connect
    send.send(Accept::new()).await?;
    let (film, mut taken) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut shutter = interval(SECOND);
        loop {
            shutter.tick().await;
            if film.send(picture()).is_err() {
                break;
            }
        }
    });
    while let Some(picture) = taken.recv().await {
        send.send(Message::Binary(picture)).await?;
    }
    Ok(())
}
// ANCHOR_END: hasty

/// So many bytes, and the time in the first of them.
fn picture() -> Bytes {
    let mut picture = vec![0; 60_000];
    picture[0] = u8::try_from(seconds()).unwrap_or(u8::MAX);
    picture.into()
}

/// Since the program began, in whole seconds.
fn seconds() -> u64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    BEGAN.get_or_init(Instant::now).elapsed().as_secs()
}

/// Looks at pictures for a minute, each for so long.
async fn look(
    app: impl App + 'static,
    name: &str,
    pause: Duration,
    film: &mut Recorder,
) -> Result<(), Error> {
    let config = Config {
        upgrade: Some(WebSockets::new(websockets::Config::default())),
        ..Config::default()
    };
    let (ours, theirs) = duplex(16 * 1024);
    let serving = tokio::spawn(Server::new(app, config).serve_connection(theirs));
    let mut visitor = Visitor::new(ours, "/camera").await?;

    let lane = film.lane(name);
    let (began, first) = (Instant::now(), seconds());
    let (mut seen, mut age) = (Vec::new(), 0);
    while let Ok(event) = timeout_at(began + 60 * SECOND, visitor.hears()).await {
        let Event::Binary(picture) = event? else { continue };
        let taken = u64::from(picture[0]) - first;
        let at = began.elapsed();
        age = at.as_secs() - taken;
        sleep(pause).await;
        film.span(lane, at, at + pause.max(SECOND / 2), Kind::Working, format!("{taken}"));
        seen.push(taken);
    }
    println!("{name}");
    println!("  sees {} pictures: {}", seen.len(), ranges(&seen));
    println!("  the last of them was {age} s old");
    serving.abort();
    Ok(())
}

/// As in `0-6, 9, 15-16`.
fn ranges(numbers: &[u64]) -> String {
    let ranges = numbers.chunk_by(|one, next| one + 1 == *next).map(|range| match range {
        [first, .., last] => format!("{first}-{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    });
    ranges.collect::<Vec<_>>().join(", ")
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let mut film = Recorder::new("The age of a picture");
    look(camera, "Ada, who is quick", Duration::ZERO, &mut film).await?;
    look(camera, "Ben, at a camera that waits", 3 * SECOND, &mut film).await?;
    look(hasty, "Ben, at a camera that does not", 3 * SECOND, &mut film).await?;
    film.rounded(Duration::from_millis(100)).finish().save("camera")?;
    Ok(())
}
