//! Clients that keep a connection busy by doing little, each in another phase of a request; and two who may take their time.
//!
//! ```text
//! cargo run -p http-server --example attackers
//! ```

use std::time::Duration;

use bytes::Bytes;
use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender};
use http_server::{Config, Server};
use timeline::{Kind, Recorder};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: app
async fn site(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    match &*scope.path() {
        "/slow" => sleep(40 * SECOND).await,
        "/upload" => while receive.part().await?.is_some() {},
        _ => {}
    }
    send.send(ResponseStart::new(200)).await?;
    let parts = match &*scope.path() {
        "/feed" => 9,
        "/film" => 1_000,
        _ => 0,
    };
    for _ in 0..parts {
        if scope.path() == "/feed" {
            sleep(5 * SECOND).await;
        }
        send.send(ResponseBody::part(Bytes::from(vec![b'~'; 10_000]))).await?;
    }
    Ok(send.send(ResponseBody::last("")).await?)
}
// ANCHOR_END: app

/// What a client does.
struct Script {
    name: &'static str,
    /// What it says at first.
    first: &'static str,
    /// What it says then, again and again, and how often.
    then: Option<(&'static str, Duration)>,
    reads: bool,
    /// What bounds it in [`Config`]; `None` if nothing does.
    bound: Option<&'static str>,
}

const UPLOAD: &str = "POST /upload HTTP/1.1\r\nHost: crab\r\nContent-Length: 1000000\r\n\r\n";

// ANCHOR: scripts
const SCRIPTS: [Script; 8] = [
    Script { name: "says nothing", first: "", then: None, reads: true, bound: Some("first_byte") },
    Script {
        name: "a byte of its head every 3 s",
        first: "GET / HTTP/1.1\r\nHost: crab\r\nX: ",
        then: Some(("x", Duration::from_secs(3))),
        reads: true,
        bound: Some("head"),
    },
    Script { name: "no body", first: UPLOAD, then: None, reads: true, bound: Some("body") },
    Script {
        name: "a byte of its body every 5 s",
        first: UPLOAD,
        then: Some(("x", Duration::from_secs(5))),
        reads: true,
        bound: Some("body_rate"),
    },
    Script {
        name: "does not read",
        first: "GET /film HTTP/1.1\r\nHost: crab\r\n\r\n",
        then: None,
        reads: false,
        bound: Some("write"),
    },
    Script {
        name: "asks once and stays",
        first: "GET / HTTP/1.1\r\nHost: crab\r\n\r\n",
        then: None,
        reads: true,
        bound: Some("keep_alive"),
    },
    Script {
        name: "waits for a slow page",
        first: "GET /slow HTTP/1.1\r\nHost: crab\r\nConnection: close\r\n\r\n",
        then: None,
        reads: true,
        bound: None,
    },
    Script {
        name: "watches the feed",
        first: "GET /feed HTTP/1.1\r\nHost: crab\r\nConnection: close\r\n\r\n",
        then: None,
        reads: true,
        bound: None,
    },
];
// ANCHOR_END: scripts

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let server = Server::new(site, Config::default());
    let mut recorder = Recorder::new("A clock on every phase");
    for script in SCRIPTS {
        let lane = recorder.lane(script.name);
        let (client, theirs) = duplex(16 * 1024);
        let serving = tokio::spawn(server.serve_connection(theirs));
        let began = Instant::now();
        let client = tokio::spawn(play(client, script.first, script.then, script.reads));
        serving.await?;
        let took = began.elapsed();
        let status = client.await?;
        let end = match &*status {
            "408" => "408, closed",
            _ if script.bound.is_some() => "closed",
            _ => "answered",
        };
        let (kind, label) = match script.bound {
            Some(bound) => (Kind::Blocked, bound),
            None => (Kind::Working, "served"),
        };
        recorder.span(lane, Duration::ZERO, took, kind, label);
        recorder.mark(lane, took, end);
        let bound = script.bound.map(|bound| format!(": {bound}")).unwrap_or_default();
        println!("{:<28}  {end} after {:>2} s{bound}", script.name, took.as_secs());
    }
    recorder.rounded(Duration::from_millis(100)).finish().save("attackers")?;
    Ok(())
}

/// Returns the status that was heard.
async fn play(
    mut stream: DuplexStream,
    first: &str,
    then: Option<(&str, Duration)>,
    reads: bool,
) -> String {
    // The server may close the connection while something is being said.
    let _ = stream.write_all(first.as_bytes()).await;
    let mut heard = Vec::new();
    let (word, pause) = then.unwrap_or(("", Duration::from_hours(1)));
    if !reads {
        sleep(Duration::from_mins(10)).await;
    }
    loop {
        match timeout(pause, stream.read_buf(&mut heard)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => break,
            Err(_) => {
                let _ = stream.write_all(word.as_bytes()).await;
            }
        }
    }
    let heard = String::from_utf8_lossy(&heard);
    heard.strip_prefix("HTTP/1.1 ").unwrap_or_default().chars().take(3).collect()
}
