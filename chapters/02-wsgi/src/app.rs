//! What an application is: called once for each request, with an [`Environ`] and a [`StartResponse`]; it returns the body's parts.
//!
//! This is PEP 3333 in Rust's words. What differs, and why:
//!
//! - An application that fails returns an error, and so may each part of the body. Python raises.
//! - [`StartResponse::replace`] is what Python writes as a third argument, `exc_info`.
//! - `start_response` returns no `write` callable. PEP 3333 has it for old frameworks, and asks new ones to leave it alone.
//! - A [`Body`] that holds something to be released releases it when it is dropped. Python's server must call `close()`.

use std::sync::Arc;

use crate::environ::Environ;
use crate::headers::Headers;
use crate::protocol::StartError;

/// What goes wrong inside an application.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

// ANCHOR: app
/// An application: a function of a request and of a way to start the response.
///
/// Every `Fn(Environ, StartResponse) -> Result<Body, Error>` is one, and so is a struct that holds another and calls it: middleware.
/// One application serves many requests at once, if the server has threads; so it is `Send` and `Sync`.
pub trait App: Send + Sync {
    /// Answers one request: calls `start_response`, and returns the parts of the body.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong. The server reports it, and answers 500 if it still can.
    fn call(&self, environ: Environ, start_response: StartResponse) -> Result<Body, Error>;
}

impl<F> App for F
where
    F: Fn(Environ, StartResponse) -> Result<Body, Error> + Send + Sync,
{
    fn call(&self, environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
        self(environ, start_response)
    }
}
// ANCHOR_END: app

/// What an application says when it starts its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Code and reason: `200 OK`.
    pub status: String,
    /// The header fields.
    pub headers: Headers,
    /// An error has come up since the first call: this is to replace what was said then.
    pub replaces: bool,
}

/// The callable that starts a response. It may be kept, and called as late as before the body's first part.
///
/// Middleware that wants to see or change what the application says makes its own, which calls the one it was given.
#[derive(Clone)]
pub struct StartResponse {
    call: Arc<dyn Fn(Start) -> Result<(), StartError> + Send + Sync>,
}

impl StartResponse {
    /// A `start_response` that calls `call`.
    pub fn new(call: impl Fn(Start) -> Result<(), StartError> + Send + Sync + 'static) -> Self {
        Self { call: Arc::new(call) }
    }

    /// Says with which status and headers the response begins. Nothing is sent before the body's first part.
    ///
    /// # Errors
    ///
    /// [`StartError`] if they may not be sent, or if this was said before.
    pub fn call(&self, status: &str, headers: impl Into<Headers>) -> Result<(), StartError> {
        self.pass(Start { status: status.to_owned(), headers: headers.into(), replaces: false })
    }

    /// Takes back what was said before, because an error has come up since. PEP 3333 writes this as `exc_info`.
    ///
    /// # Errors
    ///
    /// [`StartError::HeadSent`] if the head is on the wire.
    pub fn replace(&self, status: &str, headers: impl Into<Headers>) -> Result<(), StartError> {
        self.pass(Start { status: status.to_owned(), headers: headers.into(), replaces: true })
    }

    /// Passes on what somebody else said: for middleware.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call) and [`replace`](Self::replace).
    pub fn pass(&self, start: Start) -> Result<(), StartError> {
        (self.call)(start)
    }
}

impl std::fmt::Debug for StartResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("StartResponse")
    }
}

/// The body of a response: an iterator of parts.
///
/// The server sends each part before it asks for the next. So a body may be longer than memory, or never end.
pub struct Body {
    parts: Box<dyn Iterator<Item = Result<Vec<u8>, Error>> + Send>,
}

impl Body {
    /// A body of the parts that `parts` yields.
    pub fn new<I>(parts: I) -> Self
    where
        I: IntoIterator<Item = Result<Vec<u8>, Error>>,
        I::IntoIter: Send + 'static,
    {
        Self { parts: Box::new(parts.into_iter()) }
    }

    /// A body without parts.
    pub fn empty() -> Self {
        Self::new([])
    }
}

impl Iterator for Body {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.parts.next()
    }

    /// Exact where it can be: a server that knows that one part is all can announce its length.
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.parts.size_hint()
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Body")
    }
}

impl From<Vec<u8>> for Body {
    fn from(part: Vec<u8>) -> Self {
        Self::new([Ok(part)])
    }
}

impl From<String> for Body {
    fn from(part: String) -> Self {
        part.into_bytes().into()
    }
}

impl From<&str> for Body {
    fn from(part: &str) -> Self {
        part.as_bytes().to_vec().into()
    }
}
