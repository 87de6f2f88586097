//! The path is what the request line has between the method and the version.
//!
//! caught by: the_sink_is_told_of_each_request

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gateway::{App, Error, Receive, Scope, SendEvent, Sender, is_disconnected};
use http::{HeaderValue, StatusCode};
use tokio::time::Instant;

/// What was measured of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// The path that was asked for.
    pub path: String,
    /// The status, if the response was started.
    pub status: Option<StatusCode>,
    /// From the beginning of the call to its end.
    pub total: Duration,
    /// How it ended.
    pub ended: Ended,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The application returned.
    Returned,
    /// It returned an error, or panicked.
    Failed,
    /// It returned an error which says that the client is gone.
    Left,
    /// The call was dropped before its end.
    Dropped,
}

type Sink = Box<dyn Fn(Timed) + Send + Sync>;

/// Measures the requests to an application.
pub struct Timing<A> {
    app: A,
    sink: Sink,
}

impl<A: App> Timing<A> {
    /// Measures the requests to `app`, and tells `sink` of each.
    pub fn new(app: A, sink: impl Fn(Timed) + Send + Sync + 'static) -> Self {
        Self { app, sink: Box::new(sink) }
    }
}

impl<A: App> App for Timing<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(request) = &scope else {
            return self.app.call(scope, receive, send).await;
        };
        let began = Instant::now();
        let status = Arc::new(OnceLock::new());
        let mut watch = Watch {
            began,
            path: request.uri.to_string(),
            status: Arc::clone(&status),
            ended: None,
            sink: &self.sink,
        };
        let send = send.map(move |mut event| {
            if let SendEvent::HttpResponseStart(start) = &mut event
                && status.set(start.status).is_ok()
            {
                let timing = format!("app;dur={}", began.elapsed().as_millis());
                let timing = HeaderValue::try_from(timing).expect("letters and digits");
                start.headers.append("server-timing", timing);
            }
            event
        });
        let returned = self.app.call(scope, receive, send).await;
        watch.ended = Some(match &returned {
            Ok(()) => Ended::Returned,
            Err(error) if is_disconnected(&**error) => Ended::Left,
            Err(_) => Ended::Failed,
        });
        returned
    }
}

/// A measurement that goes on until this is dropped.
struct Watch<'a> {
    began: Instant,
    path: String,
    status: Arc<OnceLock<StatusCode>>,
    /// `None` until the call has returned.
    ended: Option<Ended>,
    sink: &'a Sink,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let cut = if std::thread::panicking() { Ended::Failed } else { Ended::Dropped };
        (self.sink)(Timed {
            path: std::mem::take(&mut self.path),
            status: self.status.get().copied(),
            total: self.began.elapsed(),
            ended: self.ended.unwrap_or(cut),
        });
    }
}
