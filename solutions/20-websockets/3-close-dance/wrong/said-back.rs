//! What has fitted into one frame fits into another.
//!
//! caught by: an_answer_fits_into_the_frame

use std::time::Duration;

/// Which side one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The side that has accepted the TCP connection.
    Server,
    /// The side that has opened it.
    Client,
}

/// A code and a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// The code.
    pub code: u16,
    /// The reason, for humans; may be empty.
    pub reason: String,
}

/// A frame, as far as the dance is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text.
    Text(String),
    /// A close frame, with or without a code.
    Close(Option<Close>),
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The application wants to send a text.
    Send(String),
    /// The application wants to close, with or without a code.
    Close(Option<Close>),
    /// A frame has come from the peer.
    Frame(Frame),
    /// The peer has closed TCP, or the connection is lost.
    Eof,
    /// Nothing but that it is so late.
    Time,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Write this frame.
    Write(Frame),
    /// Give the application this text of the peer.
    Deliver(String),
    /// Tell the application how it ended.
    Report(Close),
    /// Close TCP, when all is written.
    CloseTcp,
    /// Tell the application that what it wanted is not done.
    Refuse,
}

/// One side of a WebSocket and its end.
#[derive(Debug)]
pub struct Dance {
    role: Role,
    patience: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Nobody has said goodbye.
    Open,
    /// We have, and the peer has until then.
    Said { until: Duration },
    /// Both have, and the server has until then to close TCP. A server is never here.
    Leaving { until: Duration },
    /// TCP is closed.
    Over,
}

impl Dance {
    /// A WebSocket that is open. It waits so long where it waits.
    pub fn new(role: Role, patience: Duration) -> Self {
        Self { role, patience, state: State::Open }
    }

    /// Something happens, now. Says what is to be done, in order.
    pub fn on(&mut self, input: Input, now: Duration) -> Vec<Action> {
        match (self.state, input) {
            (State::Open, Input::Send(text)) => vec![Action::Write(Frame::Text(text))],
            (State::Open, Input::Close(close)) if close.as_ref().is_none_or(may_be_sent) => {
                self.state = State::Said { until: now + self.patience };
                vec![Action::Write(Frame::Close(close))]
            }
            (_, Input::Send(_) | Input::Close(_)) => vec![Action::Refuse],

            (State::Open | State::Said { .. }, Input::Frame(Frame::Text(text))) => {
                vec![Action::Deliver(text)]
            }
            (State::Open, Input::Frame(Frame::Close(close))) => {
                let (answer, end) = heard(close);
                let mut actions = vec![Action::Write(Frame::Close(answer)), Action::Report(end)];
                self.both_have_said(now, &mut actions);
                actions
            }
            (State::Said { .. }, Input::Frame(Frame::Close(close))) => {
                let (_, end) = heard(close);
                let mut actions = vec![Action::Report(end)];
                self.both_have_said(now, &mut actions);
                actions
            }
            (State::Open | State::Said { .. }, Input::Eof) => self.lost(),
            (State::Said { until }, Input::Time) if now >= until => self.lost(),
            (State::Leaving { .. }, Input::Eof) => self.over(),
            (State::Leaving { until }, Input::Time) if now >= until => self.over(),

            (_, Input::Frame(_) | Input::Eof | Input::Time) => Vec::new(),
        }
    }

    /// When [`on`](Self::on) is to be called with [`Input::Time`], if nothing else happens before.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Said { until } | State::Leaving { until } => Some(until),
            State::Open | State::Over => None,
        }
    }

    fn both_have_said(&mut self, now: Duration, actions: &mut Vec<Action>) {
        match self.role {
            Role::Server => actions.extend(self.over()),
            Role::Client => self.state = State::Leaving { until: now + self.patience },
        }
    }

    fn lost(&mut self) -> Vec<Action> {
        let mut actions = vec![Action::Report(Close { code: 1006, reason: String::new() })];
        actions.extend(self.over());
        actions
    }

    fn over(&mut self) -> Vec<Action> {
        self.state = State::Over;
        vec![Action::CloseTcp]
    }
}

/// What is answered to a close frame of the peer, and what the application is told of it.
fn heard(close: Option<Close>) -> (Option<Close>, Close) {
    let only = |code| Close { code, reason: String::new() };
    match close {
        None => (None, only(1005)),
        Some(close) if has_meaning(close.code) => {
            let reason = format!("you said: {}", close.reason);
            (Some(Close { code: close.code, reason }), close)
        }
        Some(_) => (Some(only(1002)), only(1002)),
    }
}

fn may_be_sent(close: &Close) -> bool {
    has_meaning(close.code) && close.reason.len() <= 123
}

fn has_meaning(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
