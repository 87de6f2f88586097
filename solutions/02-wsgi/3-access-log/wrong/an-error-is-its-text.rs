//! An error is its text.
//!
//! caught by: an_error_keeps_its_type

use std::sync::{Arc, Mutex, PoisonError};

use wsgi::{App, Body, Environ, Error, StartResponse};

/// Where the lines go.
pub type Log = Arc<dyn Fn(String) + Send + Sync>;

/// An application that logs what another one does.
pub struct AccessLog<A> {
    app: A,
    log: Log,
}

impl<A: App> AccessLog<A> {
    /// Puts a log in front of `app`.
    pub fn new(app: A, log: Log) -> Self {
        Self { app, log }
    }
}

impl<A: App> App for AccessLog<A> {
    fn call(&self, environ: Environ, start_response: StartResponse) -> Result<Body, Error> {
        let status = Arc::new(Mutex::new(String::from("-")));
        let mut entry = Entry {
            request: format!("{} {}", environ.request_method, environ.path_info),
            status: Arc::clone(&status),
            bytes: 0,
            ending: String::from(" cut short"),
            log: Arc::clone(&self.log),
        };
        let noting = StartResponse::new(move |start| {
            let code = start.status.chars().take(3).collect();
            start_response.pass(start)?;
            *status.lock().unwrap_or_else(PoisonError::into_inner) = code;
            Ok(())
        });
        match self.app.call(environ, noting) {
            Ok(body) => Ok(Body::new(Logged { body, entry: Some(entry) })),
            Err(error) => {
                entry.ending = format!(" failed: {error}");
                Err(error)
            }
        }
    }
}

/// The application's body, and what is to be said about it.
struct Logged {
    body: Body,
    /// Until it is written.
    entry: Option<Entry>,
}

impl Iterator for Logged {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = self.body.next().map(|part| part.map_err(|error| error.to_string().into()));
        match (&part, &mut self.entry) {
            (Some(Ok(part)), Some(entry)) => entry.bytes += part.len(),
            (Some(Err(error)), Some(entry)) => {
                entry.ending = format!(" failed: {error}");
                self.entry = None;
            }
            (None, Some(entry)) => {
                entry.ending.clear();
                self.entry = None;
            }
            (_, None) => {}
        }
        part
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.body.size_hint()
    }
}

/// A line, written when it is dropped.
struct Entry {
    request: String,
    status: Arc<Mutex<String>>,
    bytes: usize,
    ending: String,
    log: Log,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{} {status} {}{}", self.request, self.bytes, self.ending);
        (self.log)(line.chars().map(escape).collect());
    }
}

fn escape(c: char) -> String {
    if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
}
