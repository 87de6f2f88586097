//! One request, followed through scope, receive and send.
//!
//! `cargo run -p gateway --example follow`

use gateway::testing::{self, Request};
use gateway::{Error, Receive, ReceiveEvent, Scope, SendEvent, Sender, State, crab_app};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let mut lifespan = testing::lifespan(&crab_app);
    let state = lifespan.startup().await?;
    println!("The server starts. The application has stored {state:?}.\n");

    follow(
        "A guest signs",
        Request::post("/guests?from=tidepool").part("name=Ju").part("dit"),
        &state,
    )
    .await;
    follow("The tide, twice", Request::get("/feed?readings=2"), &state).await;
    follow("The tide, until the client leaves", Request::get("/feed").disconnect_after(1), &state)
        .await;

    lifespan.shutdown().await?;
    println!("The server has gone down.");
    Ok(())
}

// ANCHOR: follow
/// Prints what goes through the three arguments of one call.
async fn followed(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
    if let Scope::Http(scope) = &scope {
        println!("  scope    type          {:?}", "http");
        println!("           http_version  {:?}", scope.http_version());
        println!("           method        {:?}", scope.method.as_str());
        println!("           path          {:?}", scope.path());
        println!("           query_string  {:?}", String::from_utf8_lossy(scope.query_string()));
        println!("           headers       {:?}", scope.headers);
        println!("           client        {:?}", scope.client().map(ToString::to_string));
        println!("           state         {:?}", scope.state);
    }
    let receive = receive.map(|event| {
        print!("  receive  {:<22}", event.name());
        match &event {
            ReceiveEvent::HttpRequest(part) => {
                println!("{:?}, more_body: {}", part.body, part.more_body);
            }
            _ => println!(),
        }
        event
    });
    let send = send.map(|event| {
        print!("  send     {:<22}", event.name());
        match &event {
            SendEvent::HttpResponseStart(start) => {
                println!("{}, {:?}", start.status, start.headers);
            }
            SendEvent::HttpResponseBody(part) => {
                println!("{:?}, more_body: {}", part.body, part.more_body);
            }
            _ => println!(),
        }
        event
    });
    let returned = crab_app(scope, receive, send).await;
    match &returned {
        Ok(()) => println!("  returned Ok"),
        Err(error) => println!("  returned an error: {error}"),
    }
    returned
}
// ANCHOR_END: follow

async fn follow(title: &str, request: Request, state: &State) {
    println!("{title}:");
    let answer = testing::ask(&followed, request.state(state.clone())).await;
    println!("  the client has seen {}, {} bytes\n", answer.status, answer.body.len());
}
