//! What is left is a number, and below zero it is too little.
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

/// Where a response stands.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The start is due.
    Start,
    /// A part of the body is due.
    Body {
        /// How many bytes are to come, if that was said.
        left: Option<u64>,
        trailers: bool,
    },
    /// The trailers are due.
    Trailers,
    /// Nothing is due.
    End,
}

/// Sees to it that the events of one response come in order.
#[derive(Debug, Clone)]
pub struct Police {
    phase: Phase,
    offers_trailers: bool,
    gone: bool,
}

impl Police {
    /// For a response of which nothing was sent yet.
    pub fn new(offers_trailers: bool) -> Self {
        Self { phase: Phase::Start, offers_trailers, gone: false }
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
        self.phase = match (self.phase, event) {
            (Phase::End, _) => return Ok(Verdict::Ignore),
            (Phase::Start, Event::Start { trailers: true, .. }) if !self.offers_trailers => {
                return Err(Refused::NotOffered);
            }
            (Phase::Start, Event::Start { length, trailers }) => {
                Phase::Body { left: length, trailers }
            }
            (Phase::Body { left, trailers }, Event::Body { bytes, more }) => {
                let left = match left {
                    Some(left) if left as i64 - (bytes as i64) < 0 => return Err(Refused::TooLong),
                    Some(left) => Some((left as i64 - bytes as i64) as u64),
                    None => None,
                };
                match left {
                    _ if more => Phase::Body { left, trailers },
                    Some(1..) => return Err(Refused::TooShort),
                    _ if trailers => Phase::Trailers,
                    _ => Phase::End,
                }
            }
            (Phase::Trailers, Event::Trailers) => Phase::End,
            _ => return Err(Refused::OutOfOrder),
        };
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
        match self.phase {
            _ if self.gone => Ok(()),
            Phase::Start => Err(Missing::NoResponse),
            Phase::Body { .. } | Phase::Trailers => Err(Missing::Unfinished),
            Phase::End => Ok(()),
        }
    }
}
