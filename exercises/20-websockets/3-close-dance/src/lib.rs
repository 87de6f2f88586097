#![doc = include_str!("../README.md")]

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
    // Yours to fill.
}

impl Dance {
    /// A WebSocket that is open. It waits so long where it waits.
    pub fn new(role: Role, patience: Duration) -> Self {
        todo!("nobody has said goodbye")
    }

    /// Something happens, now. Says what is to be done, in order.
    pub fn on(&mut self, input: Input, now: Duration) -> Vec<Action> {
        todo!("look where we are, and go on")
    }

    /// When [`on`](Self::on) is to be called with [`Input::Time`], if nothing else happens before.
    pub fn deadline(&self) -> Option<Duration> {
        todo!("until when do we wait?")
    }
}
