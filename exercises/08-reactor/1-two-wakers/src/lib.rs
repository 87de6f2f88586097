#![doc = include_str!("../README.md")]

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, Waker};

/// What somebody wants to do with a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To read from it.
    Read,
    /// To write to it.
    Write,
}

/// What a poller has to say about a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Event {
    /// There is something to read.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// The connection is over, in order or by an error: whoever tries will hear how.
    pub hang_up: bool,
}

/// A socket, as its reactor knows it.
#[derive(Debug, Default)]
pub struct Source {
    // Yours to fill. You may not need all of the imports above.
}

impl Source {
    /// A source that is marked ready for nothing, and nobody waits for.
    pub fn new() -> Self {
        todo!("nothing is ready, nobody waits")
    }

    /// The poller has told.
    pub fn told(&self, event: Event) {
        todo!("mark, and wake")
    }

    /// Tries `operation` if the direction is marked ready, and waits otherwise.
    pub fn poll_io<T>(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        todo!("try, or leave the waker")
    }

    /// Whoever waited in this direction is gone.
    pub fn leave(&self, direction: Direction) {
        todo!("let go of the waker")
    }
}
