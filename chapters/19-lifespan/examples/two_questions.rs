//! The two questions that a server asks an application about its life, and the state between them; by hand, without a server.
//!
//! `cargo run -p lifespan --example two_questions`

use std::time::Duration;

use gateway::crab::GuestBook;
use gateway::testing::{Request, ask};
use gateway::{Error, Receive, Scope, Sender, State, crab_app};
use lifespan::Life;
use tokio::runtime::Handle;

fn tell(who: &str, what: &str) {
    println!("  {who:<8} {what}");
}

/// The site, with what passes in its lifespan told.
async fn told(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
    let receive = receive.map(|event| {
        tell("receive", event.name());
        event
    });
    let send = send.map(|event| {
        tell("send", event.name());
        event
    });
    crab_app(scope, receive, send).await
}

fn guests(state: &State) -> String {
    state.get::<GuestBook>().map_or("nothing".to_owned(), |book| book.guests().join(", "))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let second = Duration::from_secs(1);
    // ANCHOR: questions
    let mut life = Life::begin(told, &Handle::current());
    let state = life.startup(second).await?;
    tell("state", &guests(&state));

    let request = Request::post("/guests").body("name=Ada").state(state.clone());
    let answer = ask(&crab_app, request).await;
    tell("client", &format!("{}", answer.status));
    tell("state", &guests(&state));

    life.shutdown(second).await?;
    // ANCHOR_END: questions
    Ok(())
}
