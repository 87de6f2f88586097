//! One request, followed through scope, receive and send; then a feed, to its end and to the client's.
//!
//! `cargo run -p gateway --example follow`, and the same in Python: `python3 chapters/17-gateway/python/follow.py`

use gateway::crab::GuestBook;
use gateway::testing::{self, Request};
use gateway::{
    ASGI_VERSION, Error, HttpScope, Receive, ReceiveEvent, SPEC_VERSION, Scope, SendEvent, Sender,
    State, crab_app, is_disconnected,
};
use http::{HeaderMap, Method};

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    let mut lifespan = testing::lifespan(&crab_app);
    let state = lifespan.startup().await?;

    let signs = Request::post("/guests?from=a%20tidepool").part("name=Ju").part("dit");
    follow("A guest signs", signs, &state).await;
    let feed = Request::get("/feed?readings=2");
    follow("The tide, twice", feed, &state).await;
    let feed = Request::get("/feed").disconnect_after(1);
    follow("The tide, until the client leaves", feed, &state).await;

    lifespan.shutdown().await?;
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: followed
/// The site, with a listener at each of its three arguments.
async fn followed(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
    if let Scope::Http(scope) = &scope
        && scope.method == Method::POST
    // one scope is enough to look at
    {
        tell_scope(scope);
    }
    let receive = receive.map(|event| {
        tell_received(&event);
        event
    });
    let send = send.map(|event| {
        tell_sent(&event);
        event
    });
    let returned = crab_app(scope, receive, send).await;
    match &returned {
        Ok(()) => tell("ended", "", "well"),
        Err(error) if is_disconnected(&**error) => tell("ended", "", "the client is gone"),
        Err(error) => tell("ended", "", error),
    }
    returned
}
// ANCHOR_END: followed

fn tell(who: &str, what: &str, value: impl std::fmt::Display) {
    println!("  {who:<8} {what:<20}  {value}");
}

fn tell_scope(scope: &HttpScope) {
    let text = String::from_utf8_lossy;
    let address = |address: Option<&gateway::Address>| {
        address.map_or_else(|| "none".to_owned(), ToString::to_string)
    };
    let extensions: Vec<_> = scope.extensions.iter().map(gateway::Extension::name).collect();
    let book = scope.state.get::<GuestBook>().map_or("nothing", |_| "the guest book");
    tell("scope", "type", "http");
    tell("", "asgi", format!("{ASGI_VERSION}, {SPEC_VERSION}"));
    tell("", "http_version", scope.http_version());
    tell("", "method", scope.method.as_str());
    tell("", "scheme", scope.scheme());
    tell("", "path", format!("{:?}", scope.path()));
    tell("", "raw_path", format!("{:?}", text(scope.raw_path())));
    tell("", "query_string", format!("{:?}", text(scope.query_string())));
    tell("", "root_path", format!("{:?}", scope.root_path()));
    tell("", "headers", listed(&scope.headers));
    tell("", "client", address(scope.client()));
    tell("", "server", address(scope.server()));
    tell("", "state", book);
    tell("", "extensions", format!("{extensions:?}"));
}

fn tell_received(event: &ReceiveEvent) {
    let value = match event {
        ReceiveEvent::HttpRequest(part) => body(&part.body, part.more_body),
        _ => String::new(),
    };
    tell("receive", event.name(), value);
}

fn tell_sent(event: &SendEvent) {
    let value = match event {
        SendEvent::HttpResponseStart(start) => {
            format!("{}; {}", start.status.as_u16(), listed(&start.headers))
        }
        SendEvent::HttpResponseBody(part) => body(&part.body, part.more_body),
        _ => String::new(),
    };
    tell("send", event.name(), value);
}

fn body(bytes: &[u8], more: bool) -> String {
    format!("{:?}{}", String::from_utf8_lossy(bytes), if more { ", more_body" } else { "" })
}

fn listed(headers: &HeaderMap) -> String {
    let fields: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    fields.join("; ")
}

async fn follow(title: &str, request: Request, state: &State) {
    println!("{title}");
    let answer = testing::ask(&followed, request.state(state.clone())).await;
    tell("client", "has seen", format!("{}, {} bytes", answer.status.as_u16(), answer.body.len()));
}
