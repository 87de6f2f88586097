//! One call of an application, turned into response bytes: the part of a server that is the same however it waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::app::{App, Body, Error, Start, StartResponse};
use crate::environ::Environ;
use crate::headers::Headers;
use crate::protocol::{Connection, StartError, check_start};

/// What the application has said so far.
#[derive(Default)]
struct Slot {
    start: Option<(String, Headers)>,
    sent: bool,
}

impl Slot {
    fn is_started(&self) -> bool {
        self.sent || self.start.is_some()
    }
}

/// An application at work on one request.
///
/// Each [`ask`](Self::ask) asks the application for one part at most.
pub struct Responder {
    slot: Arc<Mutex<Slot>>,
    body: Option<Body>,
    /// Fields the server adds unless the application gives them.
    extra: Headers,
    failure: Option<Error>,
}

/// What the application said when it was asked for a part.
#[derive(Debug)]
pub struct Asked {
    part: Result<Option<Vec<u8>>, Error>,
    /// The part is the whole body.
    whole: bool,
}

/// How a step went.
#[derive(Debug)]
pub enum Progress {
    /// There is more to come.
    More,
    /// The response is whole.
    Finished,
    /// The application failed. If it was early enough the client got a 500;
    /// otherwise the connection must be closed, so that the client sees that something is missing.
    Failed(Error),
}

impl Responder {
    /// Calls `app`, and catches its panic if it panics.
    ///
    /// `extra` are the fields that the server adds, `date` for one.
    pub fn new(app: &dyn App, environ: Environ, extra: Headers) -> Self {
        let slot = Arc::new(Mutex::new(Slot::default()));
        let for_app = Arc::clone(&slot);
        let start_response = StartResponse::new(move |start| said(&for_app, start));
        let called = catch_unwind(AssertUnwindSafe(|| app.call(environ, start_response)));
        let (body, failure) = match called {
            Ok(Ok(body)) => (Some(body), None),
            Ok(Err(error)) => (None, Some(error)),
            Err(_) => (None, Some("the application panicked".into())),
        };
        Self { slot, body, extra, failure }
    }

    /// Asks the application for its next part, and catches its panic if it panics.
    ///
    /// Here the application works, or waits; the connection is not needed meanwhile.
    pub fn ask(&mut self) -> Asked {
        if let Some(failure) = self.failure.take() {
            return Asked { part: Err(failure), whole: false };
        }
        let Some(body) = self.body.as_mut() else {
            return Asked { part: Ok(None), whole: false };
        };
        let whole = body.size_hint() == (1, Some(1));
        let part = catch_unwind(AssertUnwindSafe(|| body.next()))
            .unwrap_or_else(|_| Some(Err("the application panicked in its body".into())))
            .transpose();
        Asked { part, whole }
    }

    /// Appends to `out` what goes on the wire for a part.
    ///
    /// A driver that writes it before it asks for the next one gives the application the client's own pace.
    pub fn put(
        &mut self,
        asked: Asked,
        connection: &mut Connection,
        out: &mut Vec<u8>,
    ) -> Progress {
        match self.try_put(asked, connection, out) {
            Ok(Progress::More) => Progress::More,
            Ok(other) => {
                self.body = None;
                other
            }
            Err(error) => {
                // Dropping the body is Python's `close()`: it happens however the response ends.
                self.body = None;
                connection.close_after_response();
                if !self.lock().sent {
                    connection.fail(out);
                }
                Progress::Failed(error)
            }
        }
    }

    /// [`ask`](Self::ask) and [`put`](Self::put) in one, for a driver that has read the request's body beforehand.
    pub fn step(&mut self, connection: &mut Connection, out: &mut Vec<u8>) -> Progress {
        let asked = self.ask();
        self.put(asked, connection, out)
    }

    fn try_put(
        &mut self,
        asked: Asked,
        connection: &mut Connection,
        out: &mut Vec<u8>,
    ) -> Result<Progress, Error> {
        let part = asked.part?;
        let length = match &part {
            Some(part) if asked.whole => Some(part.len()),
            Some(_) => None,
            None => Some(0),
        };
        if !self.lock().is_started() {
            return Err(StartError::NotStarted.into());
        }
        // An empty part is no reason to send the head yet (PEP 3333): the application may still think better of it.
        if part.as_ref().is_none_or(|part| !part.is_empty()) {
            self.send_head(length, connection, out)?;
        }
        let last = part.is_none() || (self.lock().sent && !connection.wants_body());
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            connection.part(&part, out)?;
        }
        if !last {
            return Ok(Progress::More);
        }
        connection.finish(out)?;
        Ok(Progress::Finished)
    }

    /// Sends the head with the first part, or at the end. `length` is the body's, where it is known.
    fn send_head(
        &mut self,
        length: Option<usize>,
        connection: &mut Connection,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.sent {
            return Ok(());
        }
        let (status, mut headers) = slot.start.take().ok_or(StartError::NotStarted)?;
        for (name, value) in self.extra.iter() {
            if headers.all(name).next().is_none() {
                headers.push(name, value);
            }
        }
        let bodiless = status.starts_with("204") || status.starts_with("304");
        if let Some(length) = length
            && !bodiless
            && headers.all("content-length").next().is_none()
            && !(length == 0 && connection.is_head())
        {
            headers.push("content-length", length.to_string());
        }
        connection.start(&status, &headers, out)?;
        slot.sent = true;
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `start_response` does: checks, and remembers.
fn said(slot: &Mutex<Slot>, start: Start) -> Result<(), StartError> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    check_start(&start.status, &start.headers)?;
    if slot.sent {
        return Err(if start.replaces { StartError::HeadSent } else { StartError::AlreadyStarted });
    }
    if slot.start.is_some() && !start.replaces {
        return Err(StartError::AlreadyStarted);
    }
    slot.start = Some((start.status, start.headers));
    Ok(())
}
