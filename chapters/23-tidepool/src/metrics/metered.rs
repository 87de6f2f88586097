//! Middleware that counts.

use std::sync::{Arc, Mutex, PoisonError};

use gateway::{App, Error, Receive, Rules, Scope, SendEvent, Sender, Verdict};
use http::{Method, StatusCode, Version};
use tokio::time::Instant;

use super::{IN_FLIGHT, Metrics, STREAMS, WEBSOCKETS};

/// An application whose calls are counted, or not.
pub struct Metered<A> {
    app: A,
    metrics: Option<Arc<Metrics>>,
}

impl<A: App> Metered<A> {
    /// Counts what is asked of `app`; nothing if there is nowhere to count. A request costs two allocations.
    pub fn new(app: A, metrics: Option<Arc<Metrics>>) -> Self {
        Self { app, metrics }
    }
}

impl<A: App> App for Metered<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let (metrics, http) = match (&self.metrics, &scope) {
            (Some(metrics), Scope::Http(http)) => (metrics, http),
            (Some(metrics), Scope::WebSocket(socket)) => {
                let _stream = stream(metrics, socket.version);
                let _open = Gauge::up(metrics, WEBSOCKETS);
                return self.app.call(scope, receive, send).await;
            }
            _ => return self.app.call(scope, receive, send).await,
        };
        let _stream = stream(metrics, http.version);
        let started = Arc::new(Mutex::new(None));
        let mut request = Request {
            _in_flight: Gauge::up(metrics, IN_FLIGHT),
            metrics,
            method: http.method.clone(),
            began: Instant::now(),
            started: Arc::clone(&started),
            returned: false,
        };
        let mut rules = Rules::of(&scope);
        let send = send.map(move |event| {
            if let SendEvent::HttpResponseStart(start) = &event
                && matches!(rules.send(&event), Ok(Verdict::Pass))
            {
                *started.lock().unwrap_or_else(PoisonError::into_inner) = Some(start.status);
            }
            event
        });
        let returned = self.app.call(scope, receive, send).await;
        request.returned = true;
        returned
    }
}

/// A request, which is counted when it is dropped: however the call has ended.
struct Request<'a> {
    _in_flight: Gauge<'a>,
    metrics: &'a Metrics,
    method: Method,
    began: Instant,
    started: Arc<Mutex<Option<StatusCode>>>,
    returned: bool,
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let started = *self.started.lock().unwrap_or_else(PoisonError::into_inner);
        // Who ends without a start has the server say 500; who is dropped has nothing said.
        let failed = self.returned || std::thread::panicking();
        let status = started.or(failed.then_some(StatusCode::INTERNAL_SERVER_ERROR));
        self.metrics.request(&self.method, status, self.began.elapsed());
    }
}

/// A call on a stream of HTTP/2.
fn stream(metrics: &Metrics, version: Version) -> Option<Gauge<'_>> {
    (version == Version::HTTP_2).then(|| Gauge::up(metrics, STREAMS))
}

struct Gauge<'a> {
    metrics: &'a Metrics,
    at: usize,
}

impl<'a> Gauge<'a> {
    fn up(metrics: &'a Metrics, at: usize) -> Self {
        metrics.add(at, 1);
        Self { metrics, at }
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.metrics.less(self.at);
    }
}
