//! crabsarecool.com, version 2: the site of chapter 2, as an async callable, with the tide as server-sent events.
//!
//! The pages' contents are chapter 2's. What is new is how they get to the browser.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use tokio::time::sleep;
use wsgi::crab::{PICTURE, document, escape, form_field, home, introduce, tide};

use crate::error::{BodyError, Error};
use crate::event::{ReceiveEvent, ResponseBody, ResponseStart, SendEvent};
use crate::exchange::{Receive, Sender};
use crate::scope::{HttpScope, LifespanScope, Scope};

/// The longest entry that the guest book takes, in bytes, and how many it shows.
const ENTRY_BYTES: usize = 1_024;
const ENTRIES: usize = 20;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Shows the tide on the home page.
const WATCH: &str = "<p id=\"tide\"></p>\n<script>new EventSource(\"/feed\").onmessage = event => { tide.textContent = event.data }</script>\n";

// ANCHOR: crab_app
/// The site crabsarecool.com. It opens its guest book when the server starts, and finds it in each request's state.
///
/// # Errors
///
/// [`UnsupportedScope`](crate::UnsupportedScope) for a WebSocket; [`SendError`](crate::SendError) when the client leaves.
pub async fn crab_app(scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
    match scope {
        Scope::Http(scope) => site(&scope, receive, &send).await,
        Scope::Lifespan(scope) => open_and_close(&scope, receive, &send).await,
        Scope::WebSocket(_) => Err(scope.unsupported().into()),
    }
}
// ANCHOR_END: crab_app

/// The names of the guests, for as long as the server runs.
#[derive(Debug)]
pub struct GuestBook {
    guests: Mutex<Vec<String>>,
}

impl GuestBook {
    /// A book that Judit has signed.
    pub fn new() -> Self {
        Self { guests: Mutex::new(vec![String::from("Judit")]) }
    }

    /// The last to sign, the last of them last.
    pub fn guests(&self) -> Vec<String> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a name.
    pub fn sign(&self, name: &str) {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.push(name.to_owned());
        if guests.len() > ENTRIES {
            guests.remove(0);
        }
    }
}

impl Default for GuestBook {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: lifespan
async fn open_and_close(
    scope: &LifespanScope,
    mut receive: Receive,
    send: &Sender,
) -> Result<(), Error> {
    loop {
        match receive.next().await {
            ReceiveEvent::LifespanStartup => {
                scope.state.insert(GuestBook::new());
                send.send(SendEvent::LifespanStartupComplete).await?;
            }
            ReceiveEvent::LifespanShutdown => {
                return Ok(send.send(SendEvent::LifespanShutdownComplete).await?);
            }
            _ => {}
        }
    }
}
// ANCHOR_END: lifespan

async fn site(scope: &HttpScope, receive: Receive, send: &Sender) -> Result<(), Error> {
    let reading = matches!(scope.method, Method::GET | Method::HEAD);
    let path = scope.path();
    match &*path {
        "/" if reading => page(send, 200, "Crabs are cool", &(home() + WATCH)).await,
        "/guests" if reading => guest_book(scope, send).await,
        "/guests" if scope.method == Method::POST => sign(scope, receive, send).await,
        "/crab.svg" if reading => {
            let svg = HeaderValue::from_static("image/svg+xml");
            respond(send, ResponseStart::new(200).header(header::CONTENT_TYPE, svg), PICTURE).await
        }
        "/feed" if reading => feed(scope, send).await,
        "/" | "/guests" | "/crab.svg" | "/feed" => not_allowed(&path, send).await,
        _ => match path.strip_prefix("/crabs/") {
            Some(name) if reading => crab(name, send).await,
            Some(_) => not_allowed(&path, send).await,
            None => page(send, 404, "No such page", "<p>Nothing but sand here.</p>\n").await,
        },
    }
}

// ANCHOR: feed
/// The tide, once a second; for ever, or as often as `?readings=5` says, or until the server goes down.
async fn feed(scope: &HttpScope, send: &Sender) -> Result<(), Error> {
    let query = scope.uri.query().unwrap_or_default();
    let readings = form_field(query, "readings").and_then(|number| number.parse().ok());
    let events = HeaderValue::from_static("text/event-stream");
    let fresh = HeaderValue::from_static("no-cache");
    let start = ResponseStart::new(200)
        .header(header::CONTENT_TYPE, events)
        .header(header::CACHE_CONTROL, fresh);
    send.send(start).await?;
    if scope.method == Method::HEAD {
        return Ok(send.send(ResponseBody::last("")).await?);
    }
    let shutdown = scope.shutdown();
    for number in 0..readings.unwrap_or(u64::MAX) {
        if number > 0 {
            tokio::select! {
                () = sleep(Duration::from_secs(1)) => {}
                () = shutdown.begun() => break,
            }
        }
        // The reading brings the end of its line; a second one ends the event.
        send.send(ResponseBody::part(format!("data: {}\n", tide(number)))).await?;
    }
    Ok(send.send(ResponseBody::last("")).await?)
}
// ANCHOR_END: feed

async fn guest_book(scope: &HttpScope, send: &Sender) -> Result<(), Error> {
    let Some(book) = scope.state.get::<GuestBook>() else { return no_book(send).await };
    let mut content = String::from("<ul>\n");
    content.extend(book.guests().iter().map(|guest| format!("<li>{}</li>\n", escape(guest))));
    content.push_str(
        "</ul>\n<form method=\"post\" action=\"/guests\"><label>Your name <input name=\"name\"></label> <button>Sign</button></form>\n",
    );
    page(send, 200, "Guest book", &content).await
}

// ANCHOR: sign
async fn sign(scope: &HttpScope, mut receive: Receive, send: &Sender) -> Result<(), Error> {
    let Some(book) = scope.state.get_shared::<GuestBook>() else { return no_book(send).await };
    let form = match receive.body(ENTRY_BYTES).await {
        Ok(form) => form,
        Err(BodyError::TooLong { .. }) => {
            return page(send, 413, "Too long", "<p>Shorter, please.</p>\n").await;
        }
        Err(error) => return Err(error.into()),
    };
    let name = form_field(&String::from_utf8_lossy(&form), "name").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() {
        return page(send, 400, "No name", "<p>Please give a name.</p>\n").await;
    }
    book.sign(name);
    let start = ResponseStart::new(303)
        .header(header::LOCATION, HeaderValue::from_static("/guests"))
        .header(header::CONTENT_TYPE, TEXT);
    respond(send, start, "Thank you.\n").await
}
// ANCHOR_END: sign

/// Served by a server that does not speak lifespan.
async fn no_book(send: &Sender) -> Result<(), Error> {
    page(send, 503, "No guest book", "<p>The guest book was not opened.</p>\n").await
}

async fn crab(name: &str, send: &Sender) -> Result<(), Error> {
    let Some(content) = introduce(name) else {
        let content = format!("<p>We have never met the {} crab.</p>\n", escape(name));
        return page(send, 404, "No such crab", &content).await;
    };
    page(send, 200, &format!("The {name} crab"), &content).await
}

async fn not_allowed(path: &str, send: &Sender) -> Result<(), Error> {
    let allow = if path == "/guests" { "GET, HEAD, POST" } else { "GET, HEAD" };
    let start = ResponseStart::new(405)
        .header(header::ALLOW, HeaderValue::from_static(allow))
        .header(header::CONTENT_TYPE, TEXT);
    respond(send, start, "This page cannot do that.\n").await
}

/// A whole page of HTML.
async fn page(send: &Sender, status: u16, title: &str, content: &str) -> Result<(), Error> {
    let start = ResponseStart::new(status).header(header::CONTENT_TYPE, HTML);
    respond(send, start, document(title, content)).await
}

/// A response in one part.
async fn respond(send: &Sender, start: ResponseStart, body: impl Into<Bytes>) -> Result<(), Error> {
    send.send(start).await?;
    Ok(send.send(ResponseBody::last(body)).await?)
}
