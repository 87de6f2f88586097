#![doc = include_str!("../README.md")]

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
    // Yours to complete.
}

impl Police {
    /// For a response of which nothing was sent yet.
    pub fn new(offers_trailers: bool) -> Self {
        todo!("begin")
    }

    /// The application wants to send this.
    ///
    /// # Errors
    ///
    /// If it may not. Then nothing has changed.
    pub fn send(&mut self, event: Event) -> Result<Verdict, Refused> {
        todo!("judge the event")
    }

    /// The client is gone.
    pub fn gone(&mut self) {
        todo!("remember it")
    }

    /// The application has returned.
    ///
    /// # Errors
    ///
    /// If something is missing.
    pub fn finish(&self) -> Result<(), Missing> {
        todo!("say what is missing")
    }
}
