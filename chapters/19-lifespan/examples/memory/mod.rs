//! A server in memory and its clients, where time is virtual: a minute takes no time, and the same run takes the same time each time.

use std::time::Duration;

use gateway::App;
use http_server::InMemory;
use lifespan::{Config, Outcome, Signal, Signals, Stage, Stages, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Tells what happens, and when.
#[derive(Clone)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    pub fn start() -> Self {
        Self { began: Instant::now() }
    }

    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn tell(&self, who: &str, what: impl AsRef<str>) {
        println!("{:>4} s  {who:<9} {}", self.now().as_secs(), what.as_ref());
    }
}

/// A server, and how to reach it.
#[derive(Clone)]
pub struct Site {
    connect: UnboundedSender<DuplexStream>,
    signals: UnboundedSender<Signal>,
}

/// Starts it, tells its stages, and calls `also` at each.
pub fn open(
    clock: &Clock,
    app: impl App + 'static,
    mut config: Config,
    also: impl Fn(&Stage) + Send + Sync + 'static,
) -> (Site, JoinHandle<Outcome>) {
    let (connect, listener) = InMemory::listen();
    let (signals, scripted) = Signals::scripted();
    let told = clock.clone();
    config.stages = Stages::new(move |stage| {
        told.tell("server", stage.to_string());
        also(stage);
    });
    let serving = tokio::spawn(serve(listener, app, config, scripted));
    (Site { connect, signals }, serving)
}

/// What a client has of its response.
pub struct Heard {
    pub text: String,
    /// Whether nothing is missing.
    pub whole: bool,
}

impl Heard {
    pub fn readings(&self) -> usize {
        self.text.matches("data: the tide").count()
    }
}

impl Site {
    pub fn signal(&self, signal: Signal) {
        // Where the server has ended already, it is late.
        let _ = self.signals.send(signal);
    }

    /// Asks for a page, and reads until the server closes the connection. None if nobody accepts it.
    pub async fn ask(&self, target: &str) -> Option<Heard> {
        let (mut stream, theirs) = duplex(64 * 1024);
        self.connect.send(theirs).ok()?;
        let request = format!("GET {target} HTTP/1.1\r\nhost: crab\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut text = String::new();
        // However it ends.
        let _ = stream.read_to_string(&mut text).await;
        let whole = text.contains("content-length") || text.ends_with("\r\n0\r\n\r\n");
        Some(Heard { text, whole })
    }
}
