#![doc = include_str!("../README.md")]

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

/// The server's side of a connection.
#[derive(Debug)]
pub struct Connection {
    grace: Duration,
    /// The streams on which the application is called.
    running: BTreeSet<u32>,
    /// The highest stream that there was.
    last: u32,
    /// The server stops, and then the grace is over.
    until: Option<Duration>,
    closed: bool,
}

impl Connection {
    /// A connection without streams. When the server stops, it has that long to end.
    pub fn new(grace: Duration) -> Self {
        Self { grace, running: BTreeSet::new(), last: 0, until: None, closed: false }
    }

    /// Something happens, now. Says what is to be done, in order.
    pub fn on(&mut self, event: Event, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.closed {
            return actions;
        }
        match event {
            Event::Request(stream) => {
                // No new ones when we stop.
                if self.until.is_none() {
                    self.last = stream;
                    self.running.insert(stream);
                    actions.push(Action::Call(stream));
                }
            }
            Event::Cancel(stream) => {
                if self.running.remove(&stream) {
                    actions.push(Action::Stop(stream));
                }
            }
            Event::Pong(_) => {}
            Event::Answered(stream) => {
                if self.running.remove(&stream) {
                    actions.push(Action::Respond(stream));
                }
            }
            Event::Silence => actions.push(Action::Ping(ALIVE)),
            Event::Shutdown => {
                if self.until.is_none() {
                    self.until = Some(now + self.grace);
                    actions.push(Action::GoAway { last: self.last });
                }
            }
            Event::Time => {}
        }
        if let Some(until) = self.until
            && (self.running.is_empty() || now >= until)
        {
            self.closed = true;
            actions.push(Action::Close);
        }
        actions
    }

    /// When [`on`](Self::on) is to be called with [`Event::Time`], if nothing else happens before.
    pub fn deadline(&self) -> Option<Duration> {
        self.until.filter(|_| !self.closed)
    }
}
