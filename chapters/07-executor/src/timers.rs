//! Wakers and when they are due, and the clock that says so.
//!
//! It leaves out waiting: the executor asks for the next deadline and waits for it, or moves a virtual clock there.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::task::Waker;
use std::time::{Duration, Instant};

/// Time since the clock was made.
#[derive(Debug)]
pub enum Clock {
    /// The machine's.
    Real(Instant),
    /// Stands still until it is moved.
    Virtual(Cell<Duration>),
}

impl Clock {
    /// The present time.
    pub fn now(&self) -> Duration {
        match self {
            Self::Real(start) => start.elapsed(),
            Self::Virtual(now) => now.get(),
        }
    }
}

/// Names a timer: its deadline, and a number that keeps equal deadlines apart and in order of insertion.
pub type Key = (Duration, u64);

/// A queue that is ordered, and from which any timer can be taken back.
///
/// A binary heap would keep each timeout that was cancelled until its deadline;
/// a server sets one for each read and cancels nearly all.
#[derive(Debug, Default)]
pub struct Timers {
    wakers: BTreeMap<Key, Waker>,
    set: u64,
}

// ANCHOR: timers
impl Timers {
    /// Has `waker` woken at `deadline`.
    pub fn set(&mut self, deadline: Duration, waker: Waker) -> Key {
        self.set += 1;
        let key = (deadline, self.set);
        self.wakers.insert(key, waker);
        key
    }

    /// The waker of a timer that is not due yet.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut Waker> {
        self.wakers.get_mut(&key)
    }

    /// Takes a timer back.
    pub fn cancel(&mut self, key: Key) -> Option<Waker> {
        self.wakers.remove(&key)
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.wakers.len()
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Duration> {
        self.wakers.first_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// Takes out the earliest timer, if it is due.
    pub fn take_due(&mut self, now: Duration) -> Option<Waker> {
        if self.next()? > now {
            return None;
        }
        self.wakers.pop_first().map(|(_, waker)| waker)
    }
}
// ANCHOR_END: timers
