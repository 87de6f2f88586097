//! An endless event stream at the shutdown: told of it, told later, and not listening.
//!
//! `cargo run -p lifespan --example feed_ends`

mod memory;

use std::time::Duration;

use gateway::{App, Error, HttpScope, Receive, ResponseBody, ResponseStart, Scope, Sender};
use lifespan::{Config, Mode, Signal};
use memory::Clock;
use tokio::time::sleep;

// ANCHOR: deaf
/// The tide, once a second, for ever.
async fn deaf(_: HttpScope, send: &Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    loop {
        send.send(ResponseBody::part("data: the tide\n\n")).await?;
        sleep(Duration::from_secs(1)).await;
    }
}
// ANCHOR_END: deaf

// ANCHOR: told
/// The tide, once a second, until the server goes down.
async fn told(scope: HttpScope, send: &Sender) -> Result<(), Error> {
    let shutdown = scope.shutdown();
    send.send(ResponseStart::new(200)).await?;
    while !shutdown.has_begun() {
        send.send(ResponseBody::part("data: the tide\n\n")).await?;
        tokio::select! {
            () = sleep(Duration::from_secs(1)) => {}
            () = shutdown.begun() => {}
        }
    }
    Ok(send.send(ResponseBody::last("event: bye\ndata:\n\n")).await?)
}
// ANCHOR_END: told

async fn play(title: &str, app: impl App + 'static, quiet: u64) {
    println!("{title}");
    let clock = Clock::start();
    let config = Config { mode: Mode::Off, quiet: Duration::from_secs(quiet), ..Config::default() };
    let (site, serving) = memory::open(&clock, app, config, |_| {});
    let watching = async {
        let heard = site.ask("/feed").await.expect("the server accepts");
        let end = if heard.whole { "and then its end" } else { "and no end" };
        clock.tell("client", format!("has heard {} readings, {end}", heard.readings()));
    };
    let signal = async {
        sleep(Duration::from_millis(5_500)).await;
        site.signal(Signal::Terminate);
    };
    let ((), (), outcome) = tokio::join!(watching, signal, serving);
    let outcome = outcome.expect("the server does not panic");
    clock.tell("server", format!("{outcome}, exit code {}", outcome.code()));
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let deaf = async |scope: Scope, _: Receive, send: Sender| {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        deaf(scope, &send).await
    };
    let told = async |scope: Scope, _: Receive, send: Sender| {
        let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
        told(scope, &send).await
    };
    play("A feed that does not listen", deaf, 0).await;
    play("A feed that listens", told, 0).await;
    play("A feed that listens, told after 10 quiet seconds", told, 10).await;
}
