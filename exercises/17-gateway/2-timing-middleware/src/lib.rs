#![doc = include_str!("../README.md")]

use std::time::Duration;

use gateway::{App, Error, Receive, Scope, Sender};
use http::StatusCode;

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
    // Yours to change.
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
        todo!("call the application inside, and see how that goes")
    }
}
