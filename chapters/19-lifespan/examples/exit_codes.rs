//! Every way in which a server's life can end, and what the process says of it.
//!
//! `cargo run -p lifespan --example exit_codes`

use std::future::pending;
use std::time::Duration;

use gateway::{Error, Receive, Scope, SendEvent, Sender};
use http_server::InMemory;
use lifespan::{Config, Mode, Outcome, Signal, Signals, Stages, serve};
use tokio::io::{AsyncWriteExt, duplex};
use tokio::time::sleep;

/// What the application does in its life.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Well,
    DoesNotStart,
    NeverStarts,
    DoesNotSpeak,
    DiesMeanwhile,
    DoesNotStop,
    NeverStops,
}

/// A title, what the application does, and when which signal comes.
type Case = (&'static str, Way, Mode, &'static [(u64, Signal)]);

async fn live(way: Way, mut receive: Receive, send: &Sender) -> Result<(), Error> {
    receive.next().await;
    match way {
        Way::DoesNotSpeak => return Err("no such scope".into()),
        Way::DoesNotStart => {
            let why = "the tide is out".to_owned();
            return Ok(send.send(SendEvent::LifespanStartupFailed(why)).await?);
        }
        Way::NeverStarts => pending().await,
        _ => {}
    }
    send.send(SendEvent::LifespanStartupComplete).await?;
    if way == Way::DiesMeanwhile {
        sleep(Duration::from_secs(1)).await;
        return Err("the tide is out".into());
    }
    receive.next().await;
    match way {
        Way::DoesNotStop => {
            let why = "the book is wet".to_owned();
            Ok(send.send(SendEvent::LifespanShutdownFailed(why)).await?)
        }
        Way::NeverStops => pending().await,
        _ => Ok(send.send(SendEvent::LifespanShutdownComplete).await?),
    }
}

/// Lets a server live, with a request that never ends, and signals at these seconds.
async fn life(way: Way, mode: Mode, signals: &[(u64, Signal)]) -> Outcome {
    let app = move |scope: Scope, receive: Receive, send: Sender| async move {
        match scope {
            Scope::Lifespan(_) => live(way, receive, &send).await,
            _ => pending().await,
        }
    };
    let (connect, listener) = InMemory::listen();
    let (sender, scripted) = Signals::scripted();
    let (mut client, theirs) = duplex(1_024);
    connect.send(theirs).expect("the listener is there");
    client.write_all(b"GET / HTTP/1.1\r\nhost: crab\r\n\r\n").await.expect("there is room");
    for &(second, signal) in signals {
        let sender = sender.clone();
        tokio::spawn(async move {
            sleep(Duration::from_secs(second)).await;
            // Where the server has ended already, it is late.
            let _ = sender.send(signal);
        });
    }
    let config = Config { mode, stages: Stages::new(|_| {}), ..Config::default() };
    serve(listener, app, config, scripted).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    const TERM: (u64, Signal) = (2, Signal::Terminate);
    let cases: [Case; 11] = [
        ("SIGTERM", Way::Well, Mode::Auto, &[TERM]),
        ("no lifespan, auto", Way::DoesNotSpeak, Mode::Auto, &[TERM]),
        ("no lifespan, on", Way::DoesNotSpeak, Mode::On, &[TERM]),
        ("it does not start", Way::DoesNotStart, Mode::Auto, &[TERM]),
        ("it never starts", Way::NeverStarts, Mode::Auto, &[]),
        ("SIGTERM at its start", Way::NeverStarts, Mode::Auto, &[TERM]),
        ("SIGINT at its start", Way::NeverStarts, Mode::Auto, &[(2, Signal::Interrupt)]),
        ("it dies meanwhile", Way::DiesMeanwhile, Mode::Auto, &[TERM]),
        ("it does not stop", Way::DoesNotStop, Mode::Auto, &[TERM]),
        ("it never stops", Way::NeverStops, Mode::Auto, &[TERM]),
        ("SIGTERM, then SIGINT", Way::Well, Mode::Auto, &[TERM, (4, Signal::Interrupt)]),
    ];
    for (title, way, mode, signals) in cases {
        let outcome = life(way, mode, signals).await;
        println!("{title:<21} {:>3}  {outcome}", outcome.code());
    }
}
