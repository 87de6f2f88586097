//! Calling an application without a server: for the tests of applications and of middleware.
//!
//! An [`Exchange`] keeps the rules that a server keeps: `start_response` once, before the first part, with a status and headers that may be sent.
//! It leaves out everything about bytes on a wire.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::app::{App, Body, Error, Start, StartResponse};
use crate::environ::Environ;
use crate::headers::Headers;
use crate::protocol::{StartError, check_start};

/// One call of an application, whose body the test takes part by part.
///
/// ```
/// use wsgi::testing::Exchange;
/// use wsgi::{Body, Environ, Error, StartResponse};
///
/// fn app(environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
///     start_response.call("200 OK", [("content-type", "text/plain")])?;
///     Ok(format!("this is {}", environ.path_info).into())
/// }
///
/// let answer = Exchange::begin(&app, Environ::testing("GET", "/crabs")).finish();
/// assert_eq!((answer.status.as_str(), answer.text.as_str()), ("200 OK", "this is /crabs"));
/// ```
#[derive(Debug)]
pub struct Exchange {
    said: Arc<Mutex<Said>>,
    body: Result<Option<Body>, Option<Error>>,
}

/// What was said of the response so far.
#[derive(Debug, Default)]
struct Said {
    start: Option<Start>,
    sent: bool,
}

/// A whole response.
#[derive(Debug)]
pub struct Answer {
    /// The status; empty if there was none.
    pub status: String,
    /// The headers.
    pub headers: Headers,
    /// The body, as text.
    pub text: String,
    /// What went wrong, if something did.
    pub failure: Option<String>,
}

impl Exchange {
    /// Calls the application.
    pub fn begin(app: &dyn App, environ: Environ) -> Self {
        let said = Arc::new(Mutex::new(Said::default()));
        let heard = Arc::clone(&said);
        let start_response = StartResponse::new(move |start| {
            check_start(&start.status, &start.headers)?;
            let mut said = lock(&heard);
            match (said.sent, start.replaces) {
                (true, true) => return Err(StartError::HeadSent),
                (true, false) => return Err(StartError::AlreadyStarted),
                (false, false) if said.start.is_some() => return Err(StartError::AlreadyStarted),
                (false, _) => said.start = Some(start),
            }
            Ok(())
        });
        let body = app.call(environ, start_response).map(Some).map_err(Some);
        Self { said, body }
    }

    /// What the application has said about its response by now.
    pub fn start(&self) -> Option<Start> {
        lock(&self.said).start.clone()
    }

    /// What the body says about how many parts are to come.
    pub fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.body {
            Ok(Some(body)) => body.size_hint(),
            _ => (0, Some(0)),
        }
    }

    /// Asks for the next part. None is the end.
    ///
    /// # Errors
    ///
    /// What the application failed with, or [`StartError::NotStarted`] if it sends a part too early.
    pub fn part(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let body = match &mut self.body {
            Ok(Some(body)) => body,
            Ok(None) => return Ok(None),
            Err(error) => return error.take().map_or(Ok(None), Err),
        };
        let part = body.next();
        if !matches!(part, Some(Ok(_))) {
            self.body = Ok(None);
        }
        let part = part.transpose()?;
        let mut said = lock(&self.said);
        if said.start.is_none() {
            drop(said);
            self.body = Ok(None);
            return Err(StartError::NotStarted.into());
        }
        if part.as_ref().is_some_and(|part| !part.is_empty()) {
            said.sent = true;
        }
        Ok(part)
    }

    /// Takes all parts.
    pub fn finish(mut self) -> Answer {
        let mut bytes = Vec::new();
        let failure = loop {
            match self.part() {
                Ok(Some(part)) => bytes.extend(part),
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        let start = self.start();
        let (status, headers) =
            start.map_or_else(Default::default, |start| (start.status, start.headers));
        Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned(), failure }
    }
}

fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}
