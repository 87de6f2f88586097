//! An event is for whoever waits for it.
//!
//! caught by: an_event_that_nobody_waits_for_is_kept

use std::cell::RefCell;
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

/// One direction of a socket.
#[derive(Debug, Default)]
struct Side {
    /// The poller has told, and no operation would have blocked since.
    ready: bool,
    /// Who polled last and had to wait.
    waiter: Option<Waker>,
}

/// A socket, as its reactor knows it.
#[derive(Debug, Default)]
pub struct Source {
    reading: RefCell<Side>,
    writing: RefCell<Side>,
}

impl Source {
    /// A source that is marked ready for nothing, and nobody waits for.
    pub fn new() -> Self {
        Self::default()
    }

    fn side(&self, direction: Direction) -> &RefCell<Side> {
        match direction {
            Direction::Read => &self.reading,
            Direction::Write => &self.writing,
        }
    }

    /// The poller has told.
    pub fn told(&self, event: Event) {
        let concerned = [
            (&self.reading, event.readable || event.hang_up),
            (&self.writing, event.writable || event.hang_up),
        ];
        let mut woken = [None, None];
        for ((side, is_concerned), woken) in concerned.into_iter().zip(&mut woken) {
            if is_concerned {
                let mut side = side.borrow_mut();
                *woken = side.waiter.take();
                side.ready = woken.is_some();
            }
        }
        // All marks are set, and nothing is borrowed: a task may poll at once.
        woken.into_iter().flatten().for_each(Waker::wake);
    }

    /// Tries `operation` if the direction is marked ready, and waits otherwise.
    pub fn poll_io<T>(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let side = self.side(direction);
        if side.borrow().ready {
            match operation() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
        let mut side = side.borrow_mut();
        side.ready = false;
        side.waiter = Some(context.waker().clone());
        Poll::Pending
    }

    /// Whoever waited in this direction is gone.
    pub fn leave(&self, direction: Direction) {
        let left = self.side(direction).borrow_mut().waiter.take();
        drop(left);
    }
}
