//! When the grace is over, there is nothing to do but to close.
//!
//! caught by: an_answer_may_come_at_the_last_moment

use std::collections::BTreeSet;
use std::time::Duration;

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A request has come, whole, on that stream.
    Request(u32),
    /// The client is not interested in that stream any more (RST_STREAM).
    Cancel(u32),
    /// The client answers a PING, with what was in it.
    Pong(u64),
    /// The application has answered the request on that stream.
    Answered(u32),
    /// Nothing has come for long. This does not happen after `Shutdown`.
    Silence,
    /// The server stops.
    Shutdown,
    /// Nothing but that it is so late.
    Time,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Call the application.
    Call(u32),
    /// Drop the application's call.
    Stop(u32),
    /// Write the response.
    Respond(u32),
    /// Write RST_STREAM with REFUSED_STREAM: the application was not called.
    Refuse(u32),
    /// Write a PING.
    Ping(u64),
    /// Write a GOAWAY.
    GoAway {
        /// Streams above this one were not begun, and won't be.
        last: u32,
    },
    /// Close TCP, when all is written.
    Close,
}

/// What is in a PING that asks whether the client is still there.
const ALIVE: u64 = 1;

/// What is in the PING that asks whether the client has read that the server stops.
const READ: u64 = 2;

/// No stream has a higher number.
const ANY: u32 = (1 << 31) - 1;

/// The server's side of a connection.
#[derive(Debug)]
pub struct Connection {
    grace: Duration,
    /// The streams on which the application is called.
    running: BTreeSet<u32>,
    /// The highest stream on which it was.
    last: u32,
    phase: Phase,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Requests are welcome.
    Open,
    /// The client has been told that there is an end, and may not have read it.
    Announced {
        until: Duration,
    },
    /// It has been told where the end is.
    Ending {
        until: Duration,
    },
    Closed,
}

impl Connection {
    /// A connection without streams. When the server stops, it has that long to end.
    pub fn new(grace: Duration) -> Self {
        Self { grace, running: BTreeSet::new(), last: 0, phase: Phase::Open }
    }

    /// Something happens, now. Says what is to be done, in order.
    pub fn on(&mut self, event: Event, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        let late = self.deadline().is_some_and(|until| now >= until);
        match (self.phase, if late { Event::Time } else { event }) {
            (Phase::Closed, _) => return actions,
            (Phase::Ending { .. }, Event::Request(stream)) => actions.push(Action::Refuse(stream)),
            (_, Event::Request(stream)) => {
                self.last = stream;
                self.running.insert(stream);
                actions.push(Action::Call(stream));
            }
            (_, Event::Cancel(stream)) => {
                if self.running.remove(&stream) {
                    actions.push(Action::Stop(stream));
                }
            }
            (_, Event::Answered(stream)) => {
                if self.running.remove(&stream) {
                    actions.push(Action::Respond(stream));
                }
            }
            (_, Event::Silence) => actions.push(Action::Ping(ALIVE)),
            (Phase::Open, Event::Shutdown) => {
                self.phase = Phase::Announced { until: now + self.grace };
                actions.extend([Action::GoAway { last: ANY }, Action::Ping(READ)]);
            }
            (Phase::Announced { until }, Event::Pong(READ)) => {
                self.phase = Phase::Ending { until };
                actions.push(Action::GoAway { last: self.last });
            }
            (_, Event::Pong(_) | Event::Shutdown | Event::Time) => {}
        }
        self.end(now, &mut actions);
        actions
    }

    /// Closes the connection if it is over, or has to be.
    fn end(&mut self, now: Duration, actions: &mut Vec<Action>) {
        match self.phase {
            Phase::Announced { until } if now >= until => {
                actions.push(Action::GoAway { last: self.last });
            }
            Phase::Ending { until } if now >= until || self.running.is_empty() => {}
            _ => return,
        }
        self.phase = Phase::Closed;
        actions.push(Action::Close);
    }

    /// When [`on`](Self::on) is to be called with [`Event::Time`], if nothing else happens before.
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Announced { until } | Phase::Ending { until } => Some(until),
            Phase::Open | Phase::Closed => None,
        }
    }
}
