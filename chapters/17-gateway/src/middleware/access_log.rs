//! A line for each request and each WebSocket, in Uvicorn's words.

use std::fmt::{self, Display, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use http::{StatusCode, Uri};

use crate::app::App;
use crate::error::{Error, is_disconnected};
use crate::event::{ReceiveEvent, SendEvent};
use crate::exchange::{Receive, Sender};
use crate::rules::{Rules, Verdict};
use crate::scope::{Address, Scope};

/// Reports each request when its response starts, as Uvicorn does:
///
/// ```text
/// INFO:     127.0.0.1:50000 - "GET /crabs/fiddler?big=1 HTTP/1.1" 200 OK
/// INFO:     127.0.0.1:50001 - "WebSocket /chat" [accepted]
/// INFO:     127.0.0.1:50002 - "WebSocket /chat" 403
/// ```
///
/// The target is as it was sent, not decoded. Whatever is not printable ASCII in a line is escaped, so that no client writes lines of its own.
///
/// An application that fails before its response starts is reported with the 500 that its client gets.
/// One that fails afterwards has a second line, with `failed` and the error in the place of the status.
/// A client that left is no failure, and a call that the server gives up on before its response starts has no line.
///
/// A request costs five allocations.
pub struct AccessLog<A> {
    app: A,
    write: Writer,
}

type Writer = Arc<dyn Fn(&str) + Send + Sync>;

impl<A: App> AccessLog<A> {
    /// A log of what is asked of `app`. `write` gets each line, without the end of the line; it must not block.
    pub fn new(app: A, write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { app, write: Arc::new(write) }
    }
}

impl<A> fmt::Debug for AccessLog<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessLog")
    }
}

impl<A: App> App for AccessLog<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let request = match &scope {
            Scope::Http(scope) => {
                let (target, version) = (target(&scope.uri), scope.http_version());
                line(scope.client(), format_args!("{} {target} HTTP/{version}", scope.method))
            }
            Scope::WebSocket(scope) => {
                line(scope.client(), format_args!("WebSocket {}", target(&scope.uri)))
            }
            Scope::Lifespan(_) => return self.app.call(scope, receive, send).await,
        };
        let (started, gone) = (AtomicBool::new(false), AtomicBool::new(false));
        let entry = Arc::new(Entry { request, started, gone, write: Arc::clone(&self.write) });
        let watch = Watch { entry: Arc::clone(&entry), returned: false };
        let receive = receive.map({
            let entry = Arc::clone(&entry);
            move |event| {
                if matches!(
                    event,
                    ReceiveEvent::HttpDisconnect | ReceiveEvent::WebSocketDisconnect(_)
                ) {
                    entry.gone.store(true, Ordering::Relaxed);
                }
                event
            }
        });
        // What the rules refuse is not sent, and so it is no line either.
        let mut rules = Rules::of(&scope);
        let send = send.map(move |event| {
            let passes = matches!(rules.send(&event), Ok(Verdict::Pass));
            match &event {
                _ if !passes => {}
                SendEvent::HttpResponseStart(start) => entry.starts(&Status(start.status)),
                SendEvent::WebSocketResponseStart(start) => entry.starts(&start.status.as_str()),
                SendEvent::WebSocketAccept(_) => entry.starts(&"[accepted]"),
                SendEvent::WebSocketClose(_) => entry.starts(&"403"),
                _ => {}
            }
            event
        });
        let returned = self.app.call(scope, receive, send).await;
        watch.returned(&returned);
        returned
    }
}

/// What is to be logged of one call.
struct Entry {
    request: String,
    started: AtomicBool,
    /// The application was told that the client has gone.
    gone: AtomicBool,
    write: Writer,
}

impl Entry {
    /// The response starts like this, unless it has started before, or nobody is there to see it.
    fn starts(&self, how: &dyn Display) {
        if !self.started.swap(true, Ordering::Relaxed) && !self.gone.load(Ordering::Relaxed) {
            self.line(how);
        }
    }

    fn fails(&self, why: &dyn Display) {
        if self.started.swap(true, Ordering::Relaxed) {
            let mut line = String::from("failed: ");
            escape(&mut line, &why.to_string());
            self.line(&line);
        } else {
            self.line(&Status(StatusCode::INTERNAL_SERVER_ERROR));
        }
    }

    fn line(&self, how: &dyn Display) {
        let mut line = String::with_capacity(self.request.len() + 64);
        line.push_str(&self.request);
        // Writing to a string cannot fail.
        let _ = write!(line, " {how}");
        (self.write)(&line);
    }
}

/// A status with its phrase, if it has one: `404 Not Found`.
struct Status(StatusCode);

impl Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(status) = self;
        write!(formatter, "{} {}", status.as_str(), status.canonical_reason().unwrap_or_default())
    }
}

/// Sees how the application ends, if only by a panic.
struct Watch {
    entry: Arc<Entry>,
    returned: bool,
}

impl Watch {
    fn returned(mut self, returned: &Result<(), Error>) {
        self.returned = true;
        match returned {
            Err(error) if is_disconnected(&**error) => {}
            Err(error) => self.entry.fails(error),
            Ok(()) if self.entry.started.load(Ordering::Relaxed) => {}
            Ok(()) if self.entry.gone.load(Ordering::Relaxed) => {}
            Ok(()) => self.entry.fails(&"no response"),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.returned && thread::panicking() {
            self.entry.fails(&"the application panicked");
        }
    }
}

fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("*", |target| target.as_str())
}

fn line(client: Option<&Address>, what: fmt::Arguments<'_>) -> String {
    let mut line = Escaped(String::with_capacity(128));
    // Writing to a string cannot fail.
    let _ = line.0.write_str("INFO:     ");
    if let Some(client) = client {
        let _ = write!(line, "{client}");
    }
    line.0.push_str(" - \"");
    let _ = line.write_fmt(what);
    line.0.push('"');
    line.0
}

/// A string that escapes what is written to it.
struct Escaped(String);

impl Write for Escaped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(&mut self.0, text);
        Ok(())
    }
}

/// What is not printable ASCII, and the quote and the backslash, as escapes.
fn escape(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' | '\\' => line.extend(['\\', character]),
            ' '..='~' => line.push(character),
            _ => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    // Writing to a string cannot fail.
                    let _ = write!(line, "\\x{byte:02x}");
                }
            }
        }
    }
}
