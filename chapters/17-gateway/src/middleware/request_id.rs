//! A name for each request, to find its traces by.

use std::fmt::{self, Write};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue};

use super::at_start;
use crate::app::App;
use crate::error::Error;
use crate::exchange::{Receive, Sender};
use crate::scope::Scope;

/// The header: of the request, if it has a name already, and of the response.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Names each request and each WebSocket: in `scope.state`, as a [`RequestId`], and in the response's `x-request-id`.
///
/// A name is 16 hexadecimal digits for the process, a dash, and the request's number.
/// The first part differs from process to process; it is no secret, and nobody should use it as one.
///
/// A request costs seven allocations, three of them for the copy of its state.
pub struct RequestIds<A> {
    app: A,
    process: u64,
    next: AtomicU64,
    trusting: bool,
}

impl<A: App> RequestIds<A> {
    /// Names for what is asked of `app`.
    pub fn new(app: A) -> Self {
        // The standard library's hasher is seeded by the operating system, and a package for one number would be much.
        let process = RandomState::new().hash_one(std::process::id());
        Self { app, process, next: AtomicU64::new(1), trusting: false }
    }

    /// Keeps a name that the request brings along, if it is one: up to 128 letters, digits, dashes, dots and underscores.
    ///
    /// For servers behind a proxy that sees to it that its clients cannot choose the name.
    pub fn trusting(mut self) -> Self {
        self.trusting = true;
        self
    }

    fn name(&self, given: Option<&str>) -> Arc<str> {
        if let Some(given) = given.filter(|given| self.trusting && is_name(given)) {
            return given.into();
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut name = String::with_capacity(40);
        // Writing to a string cannot fail.
        let _ = write!(name, "{:016x}-{number}", self.process);
        name.into()
    }
}

impl<A> fmt::Debug for RequestIds<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RequestIds").field("next", &self.next).finish_non_exhaustive()
    }
}

impl<A: App> App for RequestIds<A> {
    async fn call(&self, mut scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        let (state, headers) = match &mut scope {
            Scope::Http(scope) => (&mut scope.state, &scope.head.headers),
            Scope::WebSocket(scope) => (&mut scope.state, &scope.head.headers),
            Scope::Lifespan(_) => return self.app.call(scope, receive, send).await,
        };
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        let name = self.name(given);
        let mut value = Some(HeaderValue::from_str(&name)?);
        state.insert(RequestId(name));
        let send = at_start(send, &scope, move |start| {
            if let Some(value) = value.take() {
                start.headers.insert(HEADER, value);
            }
        });
        self.app.call(scope, receive, send).await
    }
}

fn is_name(given: &str) -> bool {
    (1..=128).contains(&given.len())
        && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

/// The name of a request. [`RequestIds`] puts it into the scope's state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
