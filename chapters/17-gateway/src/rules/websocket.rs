//! A WebSocket: accept, messages, close; or a refusal.

use super::http::sendable;
use super::{Verdict, Violation, out_of_order, wrong_protocol};
use crate::error::{Disconnected, Failure, SendError};
use crate::event::{Close, SendEvent};
use crate::extensions::{Extension, Extensions};

/// Where a WebSocket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The client waits for an answer to its handshake.
    Connecting,
    /// Messages go both ways.
    Open,
    /// The handshake is being refused with a response.
    Denial,
    /// The application has closed it, or refused it.
    Closed,
}

/// The rules of a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSocketRules {
    phase: Phase,
    extensions: Extensions,
    gone: bool,
}

impl WebSocketRules {
    /// The rules where the server offers that.
    pub fn new(extensions: Extensions) -> Self {
        Self { phase: Phase::Connecting, extensions, gone: false }
    }

    /// The application wants to send this.
    ///
    /// # Errors
    ///
    /// As [`Rules::send`](super::Rules::send).
    pub fn send(&mut self, event: &SendEvent) -> Result<Verdict, SendError> {
        if self.gone {
            return Err(Disconnected.into());
        }
        self.phase = match (self.phase, event) {
            (Phase::Closed, _) => return Ok(Verdict::Ignore),
            (Phase::Connecting, SendEvent::WebSocketAccept(_))
            | (Phase::Open, SendEvent::WebSocketSend(_)) => Phase::Open,
            (Phase::Connecting | Phase::Open, SendEvent::WebSocketClose(close)) => {
                closable(close)?;
                Phase::Closed
            }
            (Phase::Connecting, SendEvent::WebSocketResponseStart(start)) => {
                if !self.extensions.offer(Extension::WebSocketResponse) {
                    return Err(Violation::NotOffered(Extension::WebSocketResponse).into());
                }
                sendable(start)?;
                if start.trailers {
                    return Err(Violation::NotOffered(Extension::Trailers).into());
                }
                Phase::Denial
            }
            (Phase::Denial, SendEvent::WebSocketResponseBody(part)) => {
                if part.more_body {
                    Phase::Denial
                } else {
                    Phase::Closed
                }
            }
            (
                phase,
                SendEvent::WebSocketAccept(_)
                | SendEvent::WebSocketSend(_)
                | SendEvent::WebSocketClose(_)
                | SendEvent::WebSocketResponseStart(_)
                | SendEvent::WebSocketResponseBody(_),
            ) => return Err(out_of_order(event, expected(phase))),
            _ => return Err(wrong_protocol(event, "websocket")),
        };
        Ok(Verdict::Pass)
    }

    /// The client is gone.
    pub fn gone(&mut self) {
        self.gone = true;
    }

    /// Whether the client is gone.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether the application has closed it, or refused it.
    pub fn is_complete(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether the handshake was accepted, and nothing has been closed since.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// What is to be said of an application that has returned by now.
    /// One that leaves an open socket has ended well: the server closes it.
    ///
    /// # Errors
    ///
    /// [`Failure`], if something is missing.
    pub fn ended(&self) -> Result<(), Failure> {
        match self.phase {
            Phase::Connecting => Err(Failure::NoResponse),
            Phase::Denial => Err(Failure::Unfinished),
            Phase::Open | Phase::Closed => Ok(()),
        }
    }
}

fn expected(phase: Phase) -> &'static str {
    match phase {
        Phase::Connecting => "websocket.accept or websocket.close",
        Phase::Open => "websocket.send or websocket.close",
        Phase::Denial => "websocket.http.response.body",
        Phase::Closed => "nothing",
    }
}

/// RFC 6455, sections 7.4 and 5.5. The codes 1005, 1006 and 1015 say what was not sent.
fn closable(close: &Close) -> Result<(), Violation> {
    if !matches!(close.code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::CloseCode(close.code));
    }
    if close.reason.len() > 123 {
        return Err(Violation::CloseReason(close.reason.len()));
    }
    Ok(())
}
