//! A start-up that fails, and lets the error out of its call, is taken for an application without lifespan.
//!
//! `cargo run -p lifespan --example escaped`

#[expect(dead_code, reason = "nobody asks for a feed here")]
mod memory;

use std::fs;
use std::io;
use std::time::Duration;

use gateway::{
    App, Error, HttpScope, LifespanScope, Receive, ResponseBody, ResponseStart, Scope, SendEvent,
    Sender,
};
use lifespan::{Config, Signal};
use memory::Clock;
use tokio::time::sleep;
use wsgi::ErrorLog;

struct GuestBook(String);

fn open() -> Result<GuestBook, Error> {
    // There is no such folder on any machine that we know.
    let text = fs::read_to_string("/crabs/guests").map_err(|_| "there is no guest book")?;
    Ok(GuestBook(text))
}

// ANCHOR: lives
async fn lets_it_out(
    scope: LifespanScope,
    mut receive: Receive,
    send: Sender,
) -> Result<(), Error> {
    receive.next().await; // lifespan.startup
    scope.state.insert(open()?);
    Ok(send.send(SendEvent::LifespanStartupComplete).await?)
}

async fn says_it(scope: LifespanScope, mut receive: Receive, send: Sender) -> Result<(), Error> {
    receive.next().await; // lifespan.startup
    let answer = match open() {
        Ok(book) => {
            scope.state.insert(book);
            SendEvent::LifespanStartupComplete
        }
        Err(error) => SendEvent::LifespanStartupFailed(error.to_string()),
    };
    Ok(send.send(answer).await?)
}
// ANCHOR_END: lives

async fn show(scope: HttpScope, send: Sender) -> Result<(), Error> {
    let book = scope.state.get::<GuestBook>().ok_or("there is nothing to show")?;
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(book.0.clone())).await?)
}

async fn play(title: &str, app: impl App + 'static) {
    println!("{title}");
    let clock = Clock::start();
    // What fails in a request is not this example's matter.
    let errors = ErrorLog::new(io::sink());
    let http = http_server::Config { errors, ..http_server::Config::default() };
    let config = Config { http, ..Config::default() };
    let (site, serving) = memory::open(&clock, app, config, |_| {});
    let asking = async {
        sleep(Duration::from_secs(1)).await;
        let Some(heard) = site.ask("/").await else { return };
        if let Some(line) = heard.text.lines().next() {
            clock.tell("client", format!("hears {line}"));
        }
    };
    let signal = async {
        sleep(Duration::from_millis(1_500)).await;
        site.signal(Signal::Terminate);
    };
    let ended = async {
        let outcome = serving.await.expect("the server does not panic");
        clock.tell("server", format!("{outcome}, exit code {}", outcome.code()));
    };
    tokio::join!(asking, signal, ended);
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let escaped = async |scope: Scope, receive: Receive, send: Sender| match scope {
        Scope::Lifespan(scope) => lets_it_out(scope, receive, send).await,
        Scope::Http(scope) => show(scope, send).await,
        Scope::WebSocket(_) => Err(scope.unsupported().into()),
    };
    let said = async |scope: Scope, receive: Receive, send: Sender| match scope {
        Scope::Lifespan(scope) => says_it(scope, receive, send).await,
        Scope::Http(scope) => show(scope, send).await,
        Scope::WebSocket(_) => Err(scope.unsupported().into()),
    };
    play("The error leaves the call", escaped).await;
    play("The error is said", said).await;
}
