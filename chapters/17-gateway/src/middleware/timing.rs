//! How long each request took.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode, Uri};
use tokio::time::Instant;

use super::at_start;
use crate::app::App;
use crate::error::{Error, is_disconnected};
use crate::exchange::{Receive, Sender};
use crate::scope::Scope;

/// Measures each request, and hands the measurement over when the application has returned, failed, panicked or been dropped: once for each.
///
/// WebSockets go through untouched. A request costs two allocations.
///
/// ```
/// use gateway::middleware::Timing;
/// # async fn site(_: gateway::Scope, _: gateway::Receive, _: gateway::Sender) -> Result<(), gateway::Error> { Ok(()) }
/// # fn serve(_: impl gateway::App) {}
/// serve(Timing::new(site, |timed| println!("{} {}: {:?}", timed.method, timed.uri, timed.total)));
/// ```
pub struct Timing<A> {
    app: A,
    record: Record,
}

type Record = Arc<dyn Fn(&Timed) + Send + Sync>;

/// A measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// The method.
    pub method: Method,
    /// The target.
    pub uri: Uri,
    /// The status, if the response was started.
    pub status: Option<StatusCode>,
    /// How long it took until the response was started.
    pub start: Option<Duration>,
    /// How long it took until the application was through.
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
    /// The client left.
    Disconnected,
    /// The server gave up on it.
    Dropped,
}

impl<A: App> Timing<A> {
    /// Measurements of what is asked of `app`. `record` must not block.
    pub fn new(app: A, record: impl Fn(&Timed) + Send + Sync + 'static) -> Self {
        Self { app, record: Arc::new(record) }
    }
}

impl<A> fmt::Debug for Timing<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Timing")
    }
}

impl<A: App> App for Timing<A> {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Http(http) = &scope else { return self.app.call(scope, receive, send).await };
        let began = Instant::now();
        let start = Arc::new(Mutex::new(None));
        let mut watch = Watch {
            began,
            start: Arc::clone(&start),
            method: http.method.clone(),
            uri: http.uri.clone(),
            ended: None,
            record: Arc::clone(&self.record),
        };
        let send = at_start(send, &scope, move |response| {
            let mut start = start.lock().unwrap_or_else(PoisonError::into_inner);
            *start = Some((response.status, began.elapsed()));
        });
        let returned = self.app.call(scope, receive, send).await;
        watch.ended = Some(match &returned {
            Ok(()) => Ended::Returned,
            Err(error) if is_disconnected(&**error) => Ended::Disconnected,
            Err(_) => Ended::Failed,
        });
        returned
    }
}

/// A measurement that is going on. It ends when this is dropped, whatever the reason.
struct Watch {
    began: Instant,
    start: Arc<Mutex<Option<(StatusCode, Duration)>>>,
    method: Method,
    uri: Uri,
    ended: Option<Ended>,
    record: Record,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let start = *self.start.lock().unwrap_or_else(PoisonError::into_inner);
        let unwound = if std::thread::panicking() { Ended::Failed } else { Ended::Dropped };
        (self.record)(&Timed {
            method: self.method.clone(),
            uri: self.uri.clone(),
            status: start.map(|(status, _)| status),
            start: start.map(|(_, after)| after),
            total: self.began.elapsed(),
            ended: self.ended.unwrap_or(unwound),
        });
    }
}
