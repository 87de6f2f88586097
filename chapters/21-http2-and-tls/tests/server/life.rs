//! The life of a server of HTTP/2: what start-up has stored is in its streams, and the end is theirs as well.

use std::time::Duration;

use bytes::Bytes;
use gateway::{
    Error, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, SendEvent, Sender,
};
use h2::client::SendRequest;
use http2_and_tls::{Http2, Server};
use lifespan::{Outcome, Signal, Signals, Stages, serve_as};
use proctor::{expect_eq, watch_async};
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::common::{Diary, PIPE, SECOND, Whole, config, get, whole};

/// What start-up stores.
struct Tide(&'static str);

/// Has a feed that ends when it is told to, and one that does not listen.
async fn site(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    let http = match scope {
        Scope::Http(http) => http,
        Scope::Lifespan(scope) => {
            receive.next().await;
            scope.state.insert(Tide("low"));
            send.send(SendEvent::LifespanStartupComplete).await?;
            assert!(matches!(receive.next().await, ReceiveEvent::LifespanShutdown));
            return Ok(send.send(SendEvent::LifespanShutdownComplete).await?);
        }
        Scope::WebSocket(_) => return Err(scope.unsupported().into()),
    };
    send.send(ResponseStart::new(200)).await?;
    match &*http.path() {
        "/feed" => {
            send.send(ResponseBody::part("tide ")).await?;
            http.shutdown().begun().await;
            Ok(send.send(ResponseBody::last("ebbs")).await?)
        }
        "/deaf" => loop {
            send.send(ResponseBody::part("tide ")).await?;
            sleep(SECOND).await;
        },
        _ => {
            let tide = http.state.get::<Tide>().map_or("none", |tide| tide.0);
            Ok(send.send(ResponseBody::last(tide)).await?)
        }
    }
}

/// A process that serves [`site`], and one client of it.
struct Life {
    signals: UnboundedSender<Signal>,
    serving: JoinHandle<Outcome>,
    connect: UnboundedSender<DuplexStream>,
    send: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
    stages: Diary,
}

async fn life() -> Life {
    let (connect, listener) = unbounded_channel();
    let (signals, scripted) = Signals::scripted();
    let stages = Diary::default();
    let log = wsgi::server::ErrorLog::new(stages.clone());
    let settings = lifespan::Config {
        http: config(&stages),
        stages: Stages::log(log),
        ..lifespan::Config::default()
    };
    let serving = tokio::spawn(async move {
        let speaking = |http| Server::on(http, Http2::default());
        serve_as(&Handle::current(), listener, site, settings, scripted, speaking).await
    });
    let (ours, theirs) = duplex(PIPE);
    connect.send(theirs).unwrap();
    let (send, connection) = h2::client::handshake(ours).await.unwrap();
    Life { signals, serving, connect, send, connection: tokio::spawn(connection), stages }
}

impl Life {
    async fn get(&self, target: &str) -> JoinHandle<Result<Whole, h2::Error>> {
        let mut send = self.send.clone().ready().await.unwrap();
        let (response, _) = send.send_request(get(target), true).unwrap();
        let response = response.await.unwrap();
        tokio::spawn(whole(response))
    }
}

#[test]
fn what_start_up_has_stored_is_in_the_scope_of_a_stream() {
    watch_async(async {
        let life = life().await;
        let answer = life.get("/").await.await.unwrap().unwrap();
        expect_eq!(answer.body, "low", "what the application has stored");
    });
}

#[test]
fn streams_that_are_open_are_told_of_the_shutdown_and_end_well() {
    watch_async(async {
        let life = life().await;
        let feeds = [life.get("/feed").await, life.get("/feed").await];
        life.signals.send(Signal::Terminate).unwrap();
        for feed in feeds {
            expect_eq!(feed.await.unwrap().unwrap().body, "tide ebbs", "the feed");
        }
        // GOAWAY says NO_ERROR: the connection has ended without one.
        expect_eq!(life.connection.await.unwrap().is_ok(), true, "that the connection ended well");
        assert!(matches!(life.serving.await.unwrap(), Outcome::Stopped { cut: 0 }));
        assert!(life.connect.is_closed(), "the listener is open");
        let told = life.stages.lines().join("\n");
        assert!(told.contains("1 connection is open"), "{told}");
    });
}

#[test]
fn after_the_signal_a_stream_can_be_ended_and_none_begun() {
    watch_async(async {
        let life = life().await;
        let deaf = life.get("/deaf").await;
        let begun = Instant::now();
        life.signals.send(Signal::Terminate).unwrap();
        // The connection was so young that the end has waited for its first word.
        sleep(2 * SECOND).await;
        assert!(life.send.clone().ready().await.is_err(), "a stream could be begun after GOAWAY");
        deaf.await.unwrap().unwrap_err();
        expect_eq!(begun.elapsed().as_secs(), 20, "seconds until it is cut");
        let outcome = life.serving.await.unwrap();
        assert!(matches!(outcome, Outcome::Stopped { cut: 1 }), "{outcome:?}");
        let told = life.stages.lines().join("\n");
        let cut = told.find("1 connection did not end within 20s: cut");
        let down = told.find("the application shuts down");
        assert!(cut.is_some() && cut < down, "{told}");
        expect_eq!(begun.elapsed() < Duration::from_secs(21), true, "that the end was bounded");
    });
}
