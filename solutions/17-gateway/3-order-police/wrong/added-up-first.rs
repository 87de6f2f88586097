//! The sum of what was sent and what is to be sent is compared with the length.
//!
//! caught by: a_part_too_much_is_refused_at_once

/// What an application wants to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `http.response.start`.
    Start {
        /// What `content-length` says, if there is one.
        length: Option<u64>,
        /// Whether trailers are announced.
        trailers: bool,
    },
    /// `http.response.body`.
    Body {
        /// How many bytes this part has.
        bytes: u64,
        /// Whether another part follows.
        more: bool,
    },
    /// `http.response.trailers`, all of them.
    Trailers,
}

/// What is to be done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent.
    Pass,
    /// It comes after the end, and is dropped.
    Ignore,
}

/// Why an event is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Another event is due.
    OutOfOrder,
    /// It announces trailers, and the server does not offer them.
    NotOffered,
    /// With it, the body is longer than the `length` of its start.
    TooLong,
    /// It ends the body before the `length` of its start.
    TooShort,
    /// The client is gone.
    Disconnected,
}

/// What an application has left undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// All of it.
    NoResponse,
    /// The end.
    Unfinished,
}

/// Sees to it that the events of one response come in order.
#[derive(Debug, Clone)]
pub struct Police {
    offers_trailers: bool,
    gone: bool,
    started: bool,
    ended: bool,
    trailers: bool,
    body_ended: bool,
    length: Option<u64>,
    sent: u64,
}

impl Police {
    /// For a response of which nothing was sent yet.
    pub fn new(offers_trailers: bool) -> Self {
        Self {
            offers_trailers,
            gone: false,
            started: false,
            ended: false,
            trailers: false,
            body_ended: false,
            length: None,
            sent: 0,
        }
    }

    /// The application wants to send this.
    ///
    /// # Errors
    ///
    /// If it may not. Then nothing has changed.
    pub fn send(&mut self, event: Event) -> Result<Verdict, Refused> {
        if self.gone {
            return Err(Refused::Disconnected);
        }
        if self.ended {
            return Ok(Verdict::Ignore);
        }
        match event {
            Event::Start { .. } if self.started => return Err(Refused::OutOfOrder),
            Event::Start { trailers: true, .. } if !self.offers_trailers => {
                return Err(Refused::NotOffered);
            }
            Event::Start { length, trailers } => {
                self.started = true;
                self.length = length;
                self.trailers = trailers;
            }
            Event::Body { .. } if !self.started || self.body_ended => {
                return Err(Refused::OutOfOrder);
            }
            Event::Body { bytes, more } => {
                let sent = self.sent + bytes;
                match self.length {
                    Some(length) if sent > length => return Err(Refused::TooLong),
                    Some(length) if !more && sent < length => return Err(Refused::TooShort),
                    _ => {}
                }
                self.sent = sent;
                self.body_ended = !more;
                self.ended = !more && !self.trailers;
            }
            Event::Trailers if !self.body_ended => return Err(Refused::OutOfOrder),
            Event::Trailers => self.ended = true,
        }
        Ok(Verdict::Pass)
    }

    /// The client is gone.
    pub fn gone(&mut self) {
        self.gone = true;
    }

    /// The application has returned.
    ///
    /// # Errors
    ///
    /// If something is missing.
    pub fn finish(&self) -> Result<(), Missing> {
        if self.gone || self.ended {
            Ok(())
        } else if self.started {
            Err(Missing::Unfinished)
        } else {
            Err(Missing::NoResponse)
        }
    }
}
