//! A line for each request and each WebSocket: when the response starts, as Uvicorn's; or, as an object, when it has ended.

use std::sync::{Arc, Mutex, PoisonError};

use gateway::middleware::AccessLog;
use gateway::{App, Error, Receive, Rules, Scope, SendEvent, Sender, Verdict, is_disconnected};
use tokio::time::Instant;

use super::ACCESS;
use crate::cli::LogFormat;

/// An application whose requests are logged, or not.
pub enum Access<A> {
    /// They are not.
    Off(A),
    /// A line for people.
    Text(AccessLog<A>),
    /// An event with fields.
    Json(Fields<A>),
}

impl<A: App> Access<A> {
    /// Logs what is asked of `app` in this format; not at all if there is none.
    pub fn new(app: A, format: Option<LogFormat>) -> Self {
        match format {
            None => Self::Off(app),
            Some(LogFormat::Text) => Self::Text(AccessLog::new(app, |line| {
                // It brings its level along, in the same shape as the format's.
                let line = line.strip_prefix("INFO:").map_or(line, str::trim_start);
                tracing::info!(target: ACCESS, "{line}");
            })),
            Some(LogFormat::Json) => Self::Json(Fields { app }),
        }
    }
}

impl<A: App> App for Access<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        match self {
            Self::Off(app) => app.call(scope, receive, send).await,
            Self::Text(app) => app.call(scope, receive, send).await,
            Self::Json(app) => app.call(scope, receive, send).await,
        }
    }
}

/// An application whose requests are events with fields: who, what, how it ended, how long it took.
pub struct Fields<A> {
    app: A,
}

impl<A: App> App for Fields<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let (head, connection, method) = match &scope {
            Scope::Http(http) => (&http.head, &http.connection, http.method.as_str()),
            Scope::WebSocket(socket) => (&socket.head, &socket.connection, "WEBSOCKET"),
            Scope::Lifespan(_) => return self.app.call(scope, receive, send).await,
        };
        let started = Arc::new(Mutex::new(None));
        let mut entry = Entry {
            client: connection.client.as_ref().map(ToString::to_string),
            method: method.to_owned(),
            target: head.uri.to_string(),
            version: head.http_version(),
            began: Instant::now(),
            started: Arc::clone(&started),
            ended: "dropped",
        };
        let mut rules = Rules::of(&scope);
        let send = send.map(move |event| {
            let passes = matches!(rules.send(&event), Ok(Verdict::Pass));
            let status = match &event {
                SendEvent::HttpResponseStart(start) | SendEvent::WebSocketResponseStart(start) => {
                    Some(start.status.as_u16())
                }
                SendEvent::WebSocketAccept(_) => Some(101),
                SendEvent::WebSocketClose(_) => Some(403),
                _ => None,
            };
            if let Some(status) = status.filter(|_| passes) {
                started.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(status);
            }
            event
        });
        let returned = self.app.call(scope, receive, send).await;
        entry.ended = match &returned {
            Ok(()) => "returned",
            Err(error) if is_disconnected(&**error) => "disconnected",
            Err(_) => "failed",
        };
        returned
    }
}

/// It is written when it is dropped, however the call has ended.
struct Entry {
    client: Option<String>,
    method: String,
    target: String,
    version: &'static str,
    began: Instant,
    started: Arc<Mutex<Option<u16>>>,
    ended: &'static str,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let started = *self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = if std::thread::panicking() { "panicked" } else { self.ended };
        // Without a start, the server says it.
        let unsaid = matches!(ended, "failed" | "panicked" | "returned").then_some(500);
        tracing::info!(
            target: ACCESS,
            client = self.client,
            method = self.method,
            uri = self.target,
            http_version = self.version,
            status = started.or(unsaid),
            duration_ms = self.began.elapsed().as_secs_f64() * 1_000.0,
            ended,
            "request"
        );
    }
}
