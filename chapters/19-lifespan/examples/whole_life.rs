//! A server's life as a picture: its start, and a shutdown with five clients.
//!
//! `cargo run -p lifespan --example whole_life`

mod memory;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, SendEvent, Sender};
use lifespan::{Config, Signal};
use memory::{Clock, Site};
use timeline::{Kind, Lane, Recorder};
use tokio::time::sleep;

type Picture = Arc<Mutex<Recorder>>;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What the lanes are called, and what each client asks, and when.
const CLIENTS: [(&str, &str, u64); 5] = [
    ("idle", "/", 1),
    ("feed", "/feed", 3),
    ("straggler", "/report", 4),
    ("short", "/short", 6),
    ("late", "/", 10),
];

// ANCHOR: app
async fn app(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    match scope {
        Scope::Lifespan(_) => {
            receive.next().await; // lifespan.startup
            sleep(seconds(2)).await;
            send.send(SendEvent::LifespanStartupComplete).await?;
            receive.next().await; // lifespan.shutdown
            sleep(seconds(2)).await;
            Ok(send.send(SendEvent::LifespanShutdownComplete).await?)
        }
        Scope::Http(scope) => {
            send.send(ResponseStart::new(200)).await?;
            match &*scope.path() {
                "/short" => sleep(seconds(3)).await,
                "/report" => sleep(seconds(600)).await,
                "/feed" => {
                    let shutdown = scope.shutdown();
                    while !shutdown.has_begun() {
                        send.send(ResponseBody::part("data: the tide\n\n")).await?;
                        tokio::select! {
                            () = sleep(seconds(2)) => {}
                            () = shutdown.begun() => {}
                        }
                    }
                }
                _ => {}
            }
            Ok(send.send(ResponseBody::last("crab\n")).await?)
        }
        Scope::WebSocket(_) => Err(scope.unsupported().into()),
    }
}
// ANCHOR_END: app

async fn visit(clock: Clock, site: Site, picture: Picture, lane: Lane, client: (&str, &str, u64)) {
    let (who, target, second) = client;
    sleep(seconds(second)).await;
    let asked = clock.now();
    clock.tell(who, format!("asks for {target}"));
    let heard = site.ask(target).await;
    let now = clock.now();
    if who == "feed" {
        // It ends when the idle connection does, and Tokio wakes the two in any order. They are told in this one.
        sleep(Duration::from_millis(1)).await;
    }
    let mut picture = picture.lock().unwrap();
    let Some(heard) = heard else {
        picture.mark(lane, now, "is refused");
        clock.tell(who, "is refused: the listener is closed");
        return;
    };
    let served = asked.max(seconds(2));
    if served > asked {
        picture.span(lane, asked, served, Kind::Blocked, "waits to be accepted");
    }
    let (kind, doing, end) = match (who, heard.whole) {
        ("idle", _) => (Kind::Idle, "has its answer, and stays", "is closed"),
        ("feed", true) => (Kind::Working, "hears the tide", "has its end"),
        (_, true) => (Kind::Working, "is answered", "has its answer"),
        (_, false) => (Kind::Working, "waits for a long report", "is cut"),
    };
    picture.span(lane, served, now, kind, doing);
    picture.mark(lane, now, end);
    match heard.readings() {
        0 => clock.tell(who, end),
        readings => clock.tell(who, format!("{end}, after {readings} readings")),
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let mut recorder = Recorder::new("A server's life");
    let (server, life) = (recorder.lane("server"), recorder.lane("lifespan"));
    let lanes = CLIENTS.map(|(who, ..)| recorder.lane(who));
    let picture = Arc::new(Mutex::new(recorder));

    let clock = Clock::start();
    // ANCHOR: config
    let http = http_server::Config {
        graceful: seconds(6),
        keep_alive: seconds(60),
        ..http_server::Config::default()
    };
    let config = Config { http, ..Config::default() };
    // ANCHOR_END: config
    let stages = Arc::<Mutex<Vec<(Duration, String)>>>::default();
    let (noted, watch) = (Arc::clone(&stages), clock.clone());
    let (site, serving) = memory::open(&clock, app, config, move |stage| {
        noted.lock().unwrap().push((watch.now(), stage.to_string()));
    });
    let mut clients = tokio::task::JoinSet::new();
    for (lane, client) in lanes.into_iter().zip(CLIENTS) {
        clients.spawn(visit(clock.clone(), site.clone(), Arc::clone(&picture), lane, client));
    }
    sleep(seconds(8)).await;
    clock.tell("signal", "SIGTERM");
    site.signal(Signal::Terminate);
    let outcome = serving.await?;
    clock.tell("server", format!("{outcome}, exit code {}", outcome.code()));
    clients.join_all().await;

    let mut recorder = Arc::try_unwrap(picture)
        .map_err(|_| "a client is still there")?
        .into_inner()
        .map_err(|_| "a client has panicked")?;
    let stages = stages.lock().unwrap();
    let when = |start: &str| {
        let stage = stages.iter().find(|(_, stage)| stage.starts_with(start));
        stage.map(|&(at, _)| at).ok_or(format!("it never came to {start:?}"))
    };
    let (up, told, cut) =
        (when("serving")?, when("applications are told")?, when("1 connection did")?);
    let (down, end) = (when("the application shuts down")?, clock.now());
    recorder.span(server, Duration::ZERO, up, Kind::Waiting, "starts");
    recorder.span(server, up, told, Kind::Working, "accepts");
    recorder.span(server, told, cut, Kind::Waiting, "drains");
    recorder.span(server, down, end, Kind::Waiting, "shuts down");
    recorder.mark(server, told, "SIGTERM: it closes the listener, and tells");
    recorder.mark(server, cut, "it cuts");
    recorder.mark(server, end, "exits with 0");
    recorder.span(life, Duration::ZERO, up, Kind::Working, "startup");
    recorder.span(life, up, down, Kind::Waiting, "waits to be told");
    recorder.span(life, down, end, Kind::Working, "shutdown");
    recorder.finish().save("whole-life")?;
    Ok(())
}
