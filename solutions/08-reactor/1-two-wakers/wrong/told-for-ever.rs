//! Who has waited once wants to be told for ever.
//!
//! caught by: whoever_has_what_it_waited_for_is_not_woken_again

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
    reading: Side,
    writing: Side,
}

#[derive(Debug, Default)]
struct Side {
    ready: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Side {
    fn wait(&self, context: &mut Context<'_>) {
        self.waker.replace(Some(context.waker().clone()));
    }
}

impl Source {
    /// A source that is marked ready for nothing, and nobody waits for.
    pub fn new() -> Self {
        Self::default()
    }

    /// The poller has told.
    pub fn told(&self, event: Event) {
        if event.readable || event.hang_up {
            self.reading.ready.set(true);
        }
        if event.writable || event.hang_up {
            self.writing.ready.set(true);
        }
        for (is_ready, side) in [
            (event.readable || event.hang_up, &self.reading),
            (event.writable || event.hang_up, &self.writing),
        ] {
            if is_ready {
                // A copy, so that nothing is borrowed when it is woken.
                let waker = side.waker.borrow().clone();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    /// Tries `operation` if the direction is marked ready, and waits otherwise.
    pub fn poll_io<T>(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let side = match direction {
            Direction::Read => &self.reading,
            Direction::Write => &self.writing,
        };
        if !side.ready.get() {
            side.wait(context);
            return Poll::Pending;
        }
        match operation() {
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                side.ready.set(false);
                side.wait(context);
                Poll::Pending
            }
            other => Poll::Ready(other),
        }
    }

    /// Whoever waited in this direction is gone.
    pub fn leave(&self, direction: Direction) {
        match direction {
            Direction::Read => self.reading.waker.take(),
            Direction::Write => self.writing.waker.take(),
        };
    }
}
