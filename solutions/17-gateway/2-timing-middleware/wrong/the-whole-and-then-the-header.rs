//! The time that a request took is known at its end, and a header comes first: so everything waits for the end.
//!
//! caught by: nothing_is_kept_back

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use gateway::{
    App, CallId, Error, Exchange, Receive, ReceiveEvent, Scope, SendError, SendEvent, Sender,
    is_disconnected,
};
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
        let path = request.path().into_owned();
        let began = Instant::now();
        let status = Arc::new(OnceLock::new());
        let held = Arc::new(Held::default());
        let exchange: Arc<dyn Exchange> = Arc::clone(&held) as _;
        let returned =
            self.app.call(scope, receive, Sender::new(exchange, CallId::default())).await;
        let events =
            std::mem::take(&mut *held.events.lock().unwrap_or_else(PoisonError::into_inner));
        for mut event in events {
            if let SendEvent::HttpResponseStart(start) = &mut event
                && status.set(start.status).is_ok()
            {
                let timing = format!("app;dur={}", began.elapsed().as_millis());
                let timing = HeaderValue::try_from(timing).expect("letters and digits");
                start.headers.append("server-timing", timing);
            }
            send.send(event).await?;
        }
        (self.sink)(Timed {
            path,
            status: status.get().copied(),
            total: began.elapsed(),
            ended: match &returned {
                Ok(()) => Ended::Returned,
                Err(error) if is_disconnected(&**error) => Ended::Left,
                Err(_) => Ended::Failed,
            },
        });
        returned
    }
}

/// Takes whatever the application sends.
#[derive(Default)]
struct Held {
    events: Mutex<Vec<SendEvent>>,
}

impl Exchange for Held {
    fn poll_receive(&self, _: CallId, _: &mut Context<'_>) -> Poll<ReceiveEvent> {
        Poll::Ready(ReceiveEvent::HttpDisconnect)
    }

    fn poll_send(
        &self,
        _: CallId,
        event: &mut Option<SendEvent>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.extend(event.take());
        Poll::Ready(Ok(()))
    }
}
