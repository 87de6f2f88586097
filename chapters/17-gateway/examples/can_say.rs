//! What an application can say through each interface. Every cell is what a run of it said.
//!
//! `cargo run -p gateway --example can_say`

use std::io::Read;
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, SystemTime};

use gateway::testing::{self, Request};
use gateway::{
    Error, Message, Receive, ReceiveEvent, ResponseBody, ResponseStart, Scope, Sender, WsgiApp,
    crab_app,
};
use tokio::task::JoinSet;
use tokio::time::Instant;
use wsgi::testing::Exchange;
use wsgi::{Body, Clock, Environ, StartResponse};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    row("", "WSGI", "ASGI");
    row("a body in parts, as they come", &parts_by_wsgi()?, &parts_by_asgi().await);
    row("a pause between two parts", &pauses_by_wsgi()?, &pauses_by_asgi().await);
    row("reading in the middle of it", &reads_by_wsgi()?, &reads_by_asgi().await);
    row("the client has left", &leaves_by_wsgi()?, &leaves_by_asgi().await);
    row("a WebSocket", &socket_by_wsgi().await, &socket_by_asgi().await);
    row("the server starts", &starts_by_wsgi().await, &starts_by_asgi().await);
    row("another status, after all", &status_by_wsgi(), &status_by_asgi().await);
    row("four calls that block", &blocks_by_wsgi().await, &blocks_by_asgi().await);
    Ok(())
}

fn row(what: &str, wsgi: &str, asgi: &str) {
    println!("{}", format!("{what:<31}{wsgi:<34}{asgi}").trim_end());
}

/// Notes on which thread somebody sleeps.
#[derive(Default)]
struct Sleepers {
    threads: Mutex<Vec<ThreadId>>,
}

impl Clock for Sleepers {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _time: Duration) {
        self.threads.lock().unwrap().push(thread::current().id());
    }

    fn date(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

fn feed(clock: Arc<Sleepers>) -> Exchange {
    Exchange::begin(&wsgi::crab_app(clock), Environ::testing("GET", "/feed?readings=3"))
}

fn parts_by_wsgi() -> Result<String, Error> {
    let (mut feed, mut parts) = (feed(Arc::default()), 0);
    while feed.part()?.is_some() {
        parts += 1;
    }
    Ok(format!("yes: {parts} parts"))
}

async fn parts_by_asgi() -> String {
    let answer = testing::ask(&crab_app, Request::get("/feed?readings=3")).await;
    let parts = answer.sent.len() - 2; // without the start and the empty end
    format!("yes: {parts} parts")
}

// ANCHOR: pauses
fn pauses_by_wsgi() -> Result<String, Error> {
    let clock = Arc::new(Sleepers::default());
    let mut feed = feed(clock.clone());
    while feed.part()?.is_some() {}
    let threads = clock.threads.lock().unwrap();
    let ours = threads.iter().filter(|&&thread| thread == thread::current().id()).count();
    Ok(format!("{ours} of {} in the server's thread", threads.len()))
}

async fn pauses_by_asgi() -> String {
    let mut feeds = JoinSet::new();
    for _ in 0..1_000 {
        feeds.spawn(async { testing::ask(&crab_app, Request::get("/feed?readings=3")).await.sent });
    }
    let began = Instant::now();
    let feeds = feeds.join_all().await.len();
    format!("{feeds} feeds together, {} s", began.elapsed().as_secs())
}
// ANCHOR_END: pauses

fn reads_by_wsgi() -> Result<String, Error> {
    let echo = |environ: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        let mut input = environ.input;
        Ok(Body::new(std::iter::from_fn(move || {
            let mut byte = [0];
            match input.read(&mut byte) {
                Ok(0) => None,
                Ok(_) => Some(Ok(byte.to_vec())),
                Err(error) => Some(Err(error.into())),
            }
        })))
    };
    let mut call =
        Exchange::begin(&echo, Environ::testing("POST", "/").with_body("text/plain", "crab"));
    let mut parts = 0;
    while call.part()?.is_some() {
        parts += 1;
    }
    Ok(format!("in turn: a read, a part, {parts} times"))
}

async fn reads_by_asgi() -> String {
    /// Says something each second, whatever it is told meanwhile.
    async fn both(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        for _ in 0..3 {
            tokio::select! {
                biased;
                () = tokio::time::sleep(Duration::from_secs(1)) => send.send(ResponseBody::part("s")).await?,
                told = receive.part() => match told? {
                    Some(_) => send.send(ResponseBody::part("r")).await?,
                    None => break,
                },
            }
        }
        Ok(send.send(ResponseBody::last("")).await?)
    }
    let request = Request::post("/").wait(Duration::from_millis(1500)).part("crab").open();
    let answer = testing::ask(&both, request).await;
    format!("whichever is first: {}", answer.text())
}

fn leaves_by_wsgi() -> Result<String, Error> {
    // The client leaves in the pause. Until the pause is over, the server is in the application.
    let clock = Arc::new(Sleepers::default());
    let (mut feed, mut late) = (feed(clock.clone()), 0);
    while late == 0 && feed.part()?.is_some() {
        late += clock.threads.lock().unwrap().len();
    }
    Ok(format!("learnt {late} part later"))
}

async fn leaves_by_asgi() -> String {
    async fn waits(_: Scope, mut receive: Receive, _: Sender) -> Result<(), Error> {
        while receive.part().await?.is_some() {}
        receive.next().await;
        Ok(())
    }
    let began = Instant::now();
    let request = Request::post("/").wait(Duration::from_millis(500)).disconnect();
    let answer = testing::ask(&waits, request).await;
    let ended = answer.ended.map_or_else(|failure| failure.to_string(), |()| "told".to_owned());
    format!("after {:?}: {ended}", began.elapsed())
}

fn old(_: Environ, start_response: StartResponse) -> Result<Body, Error> {
    start_response.call("200 OK", [("content-type", "text/plain")])?;
    Ok("old\n".into())
}

async fn socket_by_wsgi() -> String {
    let app = WsgiApp::new(old);
    let mut socket = testing::websocket(&app, Request::get("/"));
    said(socket.ended().await)
}

async fn socket_by_asgi() -> String {
    async fn echo(_: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        loop {
            match receive.next().await {
                ReceiveEvent::WebSocketConnect => send.send(gateway::Accept::new()).await?,
                ReceiveEvent::WebSocketReceive(message) => send.send(message).await?,
                _ => return Ok(()),
            }
        }
    }
    let mut socket = testing::websocket(&echo, Request::get("/"));
    socket.accepted().await;
    socket.say("crab");
    match socket.heard().await {
        Some(Message::Text(text)) => format!("yes: {text:?} comes back"),
        other => format!("{other:?}"),
    }
}

async fn starts_by_wsgi() -> String {
    let app = WsgiApp::new(old);
    let mut lifespan = testing::lifespan(&app);
    match lifespan.startup().await {
        Ok(_) => "yes".to_owned(),
        Err(testing::StartupError::Unsupported(failure)) => said(Err(failure)),
        Err(error) => error.to_string(),
    }
}

async fn starts_by_asgi() -> String {
    let mut lifespan = testing::lifespan(&crab_app);
    match lifespan.startup().await {
        Ok(_) => "yes: the guest book is open".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn status_by_wsgi() -> String {
    let app = |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        start_response.replace("503 Service Unavailable", [("content-type", "text/plain")])?;
        Ok("low tide\n".into())
    };
    let answer = Exchange::begin(&app, Environ::testing("GET", "/")).finish();
    format!("yes: {}", &answer.status[..3])
}

async fn status_by_asgi() -> String {
    async fn app(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
        send.send(ResponseStart::new(200)).await?;
        send.send(ResponseStart::new(503)).await?;
        Ok(send.send(ResponseBody::last("low tide\n")).await?)
    }
    let answer = testing::ask(&app, Request::get("/")).await;
    format!("refused; the client sees {}", answer.status.as_u16())
}

/// How many calls are blocked at the same time, at most.
#[derive(Clone, Default)]
struct Peak {
    counted: Arc<Mutex<(usize, usize)>>,
}

impl Peak {
    fn block(&self, wait: impl Fn()) {
        {
            let mut counted = self.counted.lock().unwrap();
            counted.0 += 1;
            counted.1 = counted.1.max(counted.0);
        }
        wait();
        self.counted.lock().unwrap().0 -= 1;
    }

    fn most(&self) -> String {
        format!("{} at a time", self.counted.lock().unwrap().1)
    }
}

async fn four(app: impl gateway::App + 'static) {
    let app = Arc::new(app);
    let mut calls = JoinSet::new();
    for _ in 0..4 {
        let app = Arc::clone(&app);
        calls.spawn(async move { testing::ask(&*app, Request::get("/")).await.status });
    }
    calls.join_all().await;
}

async fn blocks_by_wsgi() -> String {
    let peak = Peak::default();
    let inside = peak.clone();
    let all = Barrier::new(4);
    let app = move |_: Environ, start_response: StartResponse| -> Result<Body, Error> {
        // Each waits for the others, so that all four must be there.
        inside.block(|| {
            all.wait();
        });
        start_response.call("200 OK", [("content-type", "text/plain")])?;
        Ok("done\n".into())
    };
    four(WsgiApp::new(app)).await;
    peak.most()
}

async fn blocks_by_asgi() -> String {
    let peak = Peak::default();
    let inside = peak.clone();
    let app = move |_: Scope, _: Receive, send: Sender| {
        let inside = inside.clone();
        async move {
            inside.block(|| thread::sleep(Duration::from_millis(10)));
            send.send(ResponseStart::new(200)).await?;
            Ok(send.send(ResponseBody::last("done\n")).await?)
        }
    };
    four(app).await;
    peak.most()
}

fn said(ended: Result<(), gateway::Failure>) -> String {
    match ended {
        Ok(()) => "it returned".to_owned(),
        Err(gateway::Failure::Failed(error)) => {
            error.to_string().replace("this application", "no: it")
        }
        Err(failure) => failure.to_string(),
    }
}
