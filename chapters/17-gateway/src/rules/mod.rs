//! Which event may come when: the state machine that refuses what is out of order.
//!
//! It is pure. It sees each event that the application wants to send before anybody else does, and says whether it passes;
//! nothing waits here, and nothing is written. Every protocol server asks it, and so does the test client, through [`Slot`](crate::Slot).
//!
//! Three things hold for each kind of call:
//!
//! - An event that is refused changes nothing: it is as if the application had not tried.
//! - After the final event, further ones are ignored while the client is there.
//! - Once it is gone, every event is answered with [`Disconnected`](crate::Disconnected).
//!
//! It leaves out which headers may be sent, beyond `content-length`: that depends on the version of HTTP.

mod http;
mod lifespan;
mod websocket;

pub use self::http::HttpRules;
pub use self::lifespan::LifespanRules;
pub use self::websocket::WebSocketRules;

use crate::error::{Error, Failure, SendError};
use crate::event::{ReceiveEvent, SendEvent};
use crate::extensions::Extension;
use crate::scope::Scope;

/// What is to be done with an event that is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent.
    Pass,
    /// It comes after the end, and is dropped.
    Ignore,
}

/// How an application broke the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Another event was due.
    #[error("{event} came where {expected} was expected")]
    OutOfOrder {
        /// What came.
        event: &'static str,
        /// What could have come.
        expected: &'static str,
    },
    /// An event of another protocol.
    #[error("{event} has no place in a call of {kind}")]
    WrongProtocol {
        /// What came.
        event: &'static str,
        /// What the call is about.
        kind: &'static str,
    },
    /// The server does not offer this, as `scope.extensions` says.
    #[error("the server does not offer {0} for this request: look into scope.extensions first")]
    NotOffered(Extension),
    /// Nobody offers this.
    #[error(
        "http.response.push is refused: browsers have removed HTTP/2's push, so send an early hint instead"
    )]
    Push,
    /// 1xx are the server's.
    #[error("the status {0} is informational, and cannot start a response")]
    Informational(u16),
    /// Something in the start cannot be put on a wire.
    #[error("http.response.start cannot be sent: {0}")]
    Start(String),
    /// The announced length is not a number, is given twice, or belongs to a response that must have none.
    #[error("the content-length cannot be sent: {0}")]
    Length(&'static str),
    /// The body is longer than its `content-length`.
    #[error("the body has at least {sent} bytes, and its content-length says {announced}")]
    TooLong {
        /// What `content-length` says.
        announced: u64,
        /// How many bytes there would be with this part.
        sent: u64,
    },
    /// The body ends before its `content-length`.
    #[error("the body ends after {sent} bytes, and its content-length says {announced}")]
    TooShort {
        /// What `content-length` says.
        announced: u64,
        /// How many bytes there are with this part.
        sent: u64,
    },
    /// Trailers that the protocol server cannot send, though the response may have some.
    #[error("the trailers cannot be sent: {0}")]
    Trailers(String),
    /// A handshake cannot be accepted like that.
    #[error("websocket.accept cannot be sent: {0}")]
    Accept(String),
    /// A code that must not be sent (RFC 6455, section 7.4).
    #[error("a WebSocket cannot be closed with the code {0}")]
    CloseCode(u16),
    /// A reason longer than a control frame.
    #[error("the reason of a close has {0} bytes, and 123 is the most")]
    CloseReason(usize),
}

/// The rules of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// Of a request and its response.
    Http(HttpRules),
    /// Of a WebSocket.
    WebSocket(WebSocketRules),
    /// Of a server process.
    Lifespan(LifespanRules),
}

impl Rules {
    /// The rules of a call with this scope.
    #[inline]
    pub fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Http(scope) => Self::Http(HttpRules::new(&scope.method, scope.extensions)),
            Scope::WebSocket(scope) => Self::WebSocket(WebSocketRules::new(scope.extensions)),
            Scope::Lifespan(_) => Self::Lifespan(LifespanRules::new()),
        }
    }

    /// The application wants to send this.
    ///
    /// # Errors
    ///
    /// [`SendError::Disconnected`] if nobody is there any more, [`SendError::Violation`] if it may not. Then nothing has changed.
    #[inline]
    pub fn send(&mut self, event: &SendEvent) -> Result<Verdict, SendError> {
        match self {
            Self::Http(rules) => rules.send(event),
            Self::WebSocket(rules) => rules.send(event),
            Self::Lifespan(rules) => rules.send(event),
        }
    }

    /// The application is being told this.
    pub fn receive(&mut self, event: &ReceiveEvent) {
        match (self, event) {
            (rules @ Self::WebSocket(_), ReceiveEvent::WebSocketDisconnect(_)) => rules.gone(),
            (Self::Lifespan(rules), event) => rules.receive(event),
            // The end of a request is told after the response as well, while the client may be there.
            _ => {}
        }
    }

    /// The client is gone.
    pub fn gone(&mut self) {
        match self {
            Self::Http(rules) => rules.gone(),
            Self::WebSocket(rules) => rules.gone(),
            Self::Lifespan(rules) => rules.gone(),
        }
    }

    /// Whether the client is gone.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Http(rules) => rules.is_gone(),
            Self::WebSocket(rules) => rules.is_gone(),
            Self::Lifespan(rules) => rules.is_gone(),
        }
    }

    /// Whether the application has said all that it may say.
    #[inline]
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Http(rules) => rules.is_complete(),
            Self::WebSocket(rules) => rules.is_complete(),
            Self::Lifespan(rules) => rules.is_complete(),
        }
    }

    /// Whether the response has no body on the wire, whatever the application sends: to HEAD, and with 204 and 304.
    #[inline]
    pub fn is_bodiless(&self) -> bool {
        matches!(self, Self::Http(rules) if rules.is_bodiless())
    }

    /// The application has returned. Says what is to be made of that.
    ///
    /// # Errors
    ///
    /// [`Failure`], unless it did all that it had to.
    #[inline]
    pub fn finish(&self, returned: Result<(), Error>) -> Result<(), Failure> {
        match (returned, self) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), _) if self.is_gone() => Ok(()),
            (Ok(()), Self::Http(rules)) => rules.ended(),
            (Ok(()), Self::WebSocket(rules)) => rules.ended(),
            (Ok(()), Self::Lifespan(rules)) => rules.ended(),
        }
    }
}

fn out_of_order(event: &SendEvent, expected: &'static str) -> SendError {
    Violation::OutOfOrder { event: event.name(), expected }.into()
}

fn wrong_protocol(event: &SendEvent, kind: &'static str) -> SendError {
    Violation::WrongProtocol { event: event.name(), kind }.into()
}
