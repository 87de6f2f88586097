//! A socket has a waker, as a task has.
//!
//! caught by: a_reader_and_a_writer_both_wake

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
    readable: Cell<bool>,
    writable: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
}

impl Source {
    /// A source that is marked ready for nothing, and nobody waits for.
    pub fn new() -> Self {
        Self::default()
    }

    fn ready(&self, direction: Direction) -> &Cell<bool> {
        match direction {
            Direction::Read => &self.readable,
            Direction::Write => &self.writable,
        }
    }

    /// The poller has told.
    pub fn told(&self, event: Event) {
        if event.readable || event.hang_up {
            self.readable.set(true);
        }
        if event.writable || event.hang_up {
            self.writable.set(true);
        }
        let waiter = self.waiter.borrow_mut().take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Tries `operation` if the direction is marked ready, and waits otherwise.
    pub fn poll_io<T>(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let ready = self.ready(direction);
        if ready.get() {
            match operation() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready.set(false),
                result => return Poll::Ready(result),
            }
        }
        *self.waiter.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }

    /// Whoever waited in this direction is gone.
    pub fn leave(&self, _direction: Direction) {
        drop(self.waiter.borrow_mut().take());
    }
}
