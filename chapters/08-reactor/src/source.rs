//! A socket that the reactor knows: who waits to read from it, who waits to write to it, and whether it is worth trying.
//!
//! It leaves out what reading and writing are: an operation is a closure that may say [`ErrorKind::WouldBlock`].

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use polling::{AsRawSource, AsSource};

use crate::reactor::Register;
use crate::wait::Ready;

// ANCHOR: source
/// A socket that is registered with the reactor until this is dropped.
///
/// One task may wait to read and another one to write. If a second one waits in the same direction,
/// it takes the place of the first, which is not woken any more.
pub struct Source<S: AsSource> {
    entry: Rc<Entry<S>>,
    register: Rc<Register>,
}

/// What the reactor knows of a socket.
pub(crate) struct Entry<S: ?Sized = dyn AsSource> {
    pub(crate) key: usize,
    reading: Side,
    writing: Side,
    /// For good, once the poller has told so: see [`Ready::end_may_follow`].
    end_may_follow: Cell<bool>,
    pub(crate) io: S,
}

/// One direction of a socket.
#[derive(Default)]
struct Side {
    /// Nobody has seen a [`ErrorKind::WouldBlock`] since the poller last told.
    ready: Cell<bool>,
    /// Of the latest poll that had to wait.
    waker: RefCell<Option<Waker>>,
}
// ANCHOR_END: source

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// For bytes, a client, or the end.
    Read,
    /// For room.
    Write,
}

impl<S> Entry<S> {
    pub(crate) fn new(key: usize, io: S) -> Self {
        let worth_trying = || Side { ready: Cell::new(true), waker: RefCell::default() };
        let (reading, writing) = (worth_trying(), worth_trying());
        Self { key, reading, writing, end_may_follow: Cell::new(false), io }
    }
}

// ANCHOR: tell
impl Entry {
    /// Notes what the poller says, and wakes who waits for it.
    pub(crate) fn tell(&self, ready: Ready) {
        if ready.end_may_follow {
            self.end_may_follow.set(true);
        }
        for (is_ready, side) in [(ready.readable, &self.reading), (ready.writable, &self.writing)] {
            if is_ready {
                side.ready.set(true);
                let waker = side.waker.take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }
}
// ANCHOR_END: tell

impl<S> Source<S>
where
    S: AsSource + 'static,
    for<'a> &'a S: AsRawSource,
{
    /// Registers a socket, which must be in non-blocking mode.
    ///
    /// # Errors
    ///
    /// When the poller does not take it, as it takes no plain files.
    ///
    /// # Panics
    ///
    /// Outside of the [`block_on`](executor::Ebb::block_on) of an executor with a reactor.
    #[track_caller]
    pub fn new(io: S) -> io::Result<Self> {
        let register = Register::present().expect(
            "a socket needs a reactor: make it in a future that runs in the `block_on` of `reactor::new()`",
        );
        Ok(Self { entry: register.add(io)?, register })
    }
}

impl<S: AsSource> Source<S> {
    /// The socket.
    pub fn get_ref(&self) -> &S {
        &self.entry.io
    }

    // ANCHOR: poll_io
    /// Tries `operation` until it does something else than to say [`ErrorKind::WouldBlock`], and waits between two trials.
    ///
    /// The present task's waker takes the place of the one that waited in this direction before.
    ///
    /// # Errors
    ///
    /// Those of `operation`, except [`ErrorKind::WouldBlock`] and [`ErrorKind::Interrupted`].
    pub fn poll_io<R>(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let side = match direction {
            Direction::Read => &self.entry.reading,
            Direction::Write => &self.entry.writing,
        };
        while side.ready.get() {
            // A socket that always has more must not keep the thread.
            ready!(executor::poll_proceed(context));
            match operation(&self.entry.io) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => side.ready.set(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
        // Nothing can come in between: the poller is asked by this very thread, when we have returned.
        match &mut *side.waker.borrow_mut() {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
    // ANCHOR_END: poll_io

    // ANCHOR: short
    /// Notes that a read from a stream brought less than there was room for: there is no more,
    /// and the next read waits for the poller without a trial that says [`ErrorKind::WouldBlock`].
    ///
    /// Does nothing where the end, or an error, may stand behind what was read.
    pub(crate) fn was_short(&self) {
        if !self.entry.end_may_follow.get() {
            self.entry.reading.ready.set(false);
        }
    }
    // ANCHOR_END: short
}

impl<S: AsSource> Drop for Source<S> {
    fn drop(&mut self) {
        self.register.remove(&self.entry);
    }
}

impl<S: AsSource + fmt::Debug> fmt::Debug for Source<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("io", &self.entry.io).finish_non_exhaustive()
    }
}
