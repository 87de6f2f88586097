//! A response: hints, one start, the body's parts, trailers if they were announced.

use http::{HeaderMap, Method, StatusCode, header};

use super::{Verdict, Violation, out_of_order, wrong_protocol};
use crate::error::{Disconnected, Failure, SendError};
use crate::event::{ResponseStart, SendEvent};
use crate::extensions::{Extension, Extensions};

// ANCHOR: phases
/// Where a response stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was said.
    Start,
    /// It is started; the body is due.
    Started,
    /// A part of the body was sent; the next one is due.
    Body,
    /// The body is whole; the trailers that were announced are due.
    Trailers,
    /// All was said.
    Complete,
}
// ANCHOR_END: phases

/// The rules of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRules {
    phase: Phase,
    extensions: Extensions,
    bodiless: bool,
    trailers: bool,
    /// The content-length, as long as the body's bytes can be counted.
    announced: Option<u64>,
    sent: u64,
    gone: bool,
}

impl HttpRules {
    /// The rules of the response to a request with this method, where the server offers that.
    #[inline]
    pub fn new(method: &Method, extensions: Extensions) -> Self {
        Self {
            phase: Phase::Start,
            extensions,
            bodiless: *method == Method::HEAD,
            trailers: false,
            announced: None,
            sent: 0,
            gone: false,
        }
    }

    /// The application wants to send this.
    ///
    /// # Errors
    ///
    /// As [`Rules::send`](super::Rules::send).
    #[inline]
    pub fn send(&mut self, event: &SendEvent) -> Result<Verdict, SendError> {
        if self.gone {
            return Err(Disconnected.into());
        }
        if self.phase == Phase::Complete {
            return Ok(Verdict::Ignore);
        }
        match event {
            SendEvent::HttpResponseStart(start) => self.start(event, start)?,
            SendEvent::HttpResponseBody(part) => {
                self.body(event, Some(part.body.len() as u64), part.more_body)?;
            }
            SendEvent::HttpResponseZeroCopySend(part) => {
                self.offered(Extension::ZeroCopySend)?;
                self.body(event, part.count, part.more_body)?;
            }
            SendEvent::HttpResponsePathSend(_) => {
                self.offered(Extension::PathSend)?;
                if self.phase == Phase::Body {
                    return Err(out_of_order(event, self.expected()));
                }
                self.body(event, None, false)?;
            }
            SendEvent::HttpResponseTrailers(trailers) => {
                if self.phase != Phase::Trailers {
                    return Err(out_of_order(event, self.expected()));
                }
                if !trailers.more_trailers {
                    self.phase = Phase::Complete;
                }
            }
            SendEvent::HttpResponseEarlyHint(_) => {
                self.offered(Extension::EarlyHint)?;
                if self.phase != Phase::Start {
                    return Err(out_of_order(event, self.expected()));
                }
            }
            SendEvent::HttpResponsePush { .. } => return Err(Violation::Push.into()),
            _ => return Err(wrong_protocol(event, "http")),
        }
        Ok(Verdict::Pass)
    }

    fn start(&mut self, event: &SendEvent, start: &ResponseStart) -> Result<(), SendError> {
        if self.phase != Phase::Start {
            return Err(out_of_order(event, self.expected()));
        }
        sendable(start)?;
        if start.trailers {
            self.offered(Extension::Trailers)?;
        }
        let announced = content_length(&start.headers)?;
        if announced.is_some() && start.status == StatusCode::NO_CONTENT {
            return Err(Violation::Length("204 has no content (RFC 9110, section 8.6)").into());
        }
        self.phase = Phase::Started;
        self.trailers = start.trailers;
        self.bodiless |= matches!(start.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        self.announced = announced.filter(|_| !self.bodiless);
        Ok(())
    }

    /// A part of the body: so many bytes of it, if that is known.
    fn body(&mut self, event: &SendEvent, bytes: Option<u64>, more: bool) -> Result<(), SendError> {
        if !matches!(self.phase, Phase::Started | Phase::Body) {
            return Err(out_of_order(event, self.expected()));
        }
        let announced = self.announced.filter(|_| bytes.is_some());
        let sent = self.sent.saturating_add(bytes.unwrap_or_default());
        if let Some(announced) = announced {
            if sent > announced {
                return Err(Violation::TooLong { announced, sent }.into());
            }
            if sent < announced && !more {
                return Err(Violation::TooShort { announced, sent }.into());
            }
        }
        self.announced = announced;
        self.sent = sent;
        self.phase = match (more, self.trailers) {
            (true, _) => Phase::Body,
            (false, true) => Phase::Trailers,
            (false, false) => Phase::Complete,
        };
        Ok(())
    }

    fn offered(&self, extension: Extension) -> Result<(), SendError> {
        if self.extensions.offer(extension) {
            Ok(())
        } else {
            Err(Violation::NotOffered(extension).into())
        }
    }

    fn expected(&self) -> &'static str {
        match self.phase {
            Phase::Start => "http.response.start",
            Phase::Started | Phase::Body => "http.response.body",
            Phase::Trailers => "http.response.trailers",
            Phase::Complete => "nothing",
        }
    }

    /// The client is gone.
    pub fn gone(&mut self) {
        self.gone = true;
    }

    /// Whether the client is gone.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether the response is whole.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.phase == Phase::Complete
    }

    /// Whether a start was sent.
    pub fn is_started(&self) -> bool {
        self.phase != Phase::Start
    }

    /// Whether the response has no body on the wire, whatever the application sends.
    #[inline]
    pub fn is_bodiless(&self) -> bool {
        self.bodiless
    }

    /// What is to be said of an application that has returned by now.
    ///
    /// # Errors
    ///
    /// [`Failure`], if something is missing.
    pub fn ended(&self) -> Result<(), Failure> {
        match self.phase {
            Phase::Start => Err(Failure::NoResponse),
            Phase::Started | Phase::Body | Phase::Trailers => Err(Failure::Unfinished),
            Phase::Complete => Ok(()),
        }
    }
}

/// What holds for every start, of a denied WebSocket's response as well.
pub(super) fn sendable(start: &ResponseStart) -> Result<(), SendError> {
    if let Some(invalid) = &start.invalid {
        return Err(Violation::clone(invalid).into());
    }
    if start.status.is_informational() {
        return Err(Violation::Informational(start.status.as_u16()).into());
    }
    Ok(())
}

/// The announced length, if there is one.
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Violation> {
    // A response has few headers: looking at each is quicker than asking the map, which would hash the name.
    let mut values =
        headers.iter().filter(|(name, _)| *name == header::CONTENT_LENGTH).map(|(_, value)| value);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Violation::Length("it is given twice"));
    }
    let digits = !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit);
    let number = value.to_str().ok().filter(|_| digits).and_then(|digits| digits.parse().ok());
    number.map(Some).ok_or(Violation::Length("it is not a number"))
}
