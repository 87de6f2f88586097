//! What is to happen later, the earliest first.
//!
//! Times are [`Duration`]s since a moment that the caller chose, so a test has no need to wait.
//!
//! Left out: cancelling. A timer that nobody needs any more comes due, and whoever set it finds that there is nothing to do.
//! The exercise *timer-queue* takes timers back.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

// ANCHOR: timers
/// A queue of timers. Those with equal deadlines come due in the order in which they were set.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Timer<T>>,
    set: u64,
}

#[derive(Debug)]
struct Timer<T> {
    deadline: Duration,
    number: u64,
    what: T,
}

impl<T> Timers<T> {
    /// Sets a timer.
    pub fn set(&mut self, deadline: Duration, what: T) {
        self.heap.push(Timer { deadline, number: self.set, what });
        self.set += 1;
    }

    /// How long to wait for the next one: nothing if it is due, for ever if there is none.
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        self.heap.peek().map(|next| next.deadline.saturating_sub(now))
    }

    /// Takes out the next one, if it is due.
    pub fn take_due(&mut self, now: Duration) -> Option<T> {
        let next = self.heap.peek()?;
        if next.deadline > now {
            return None;
        }
        self.heap.pop().map(|timer| timer.what)
    }
}
// ANCHOR_END: timers

impl<T> Timers<T> {
    /// A queue with no timer in it.
    pub fn new() -> Self {
        Self { heap: BinaryHeap::new(), set: 0 }
    }

    /// How many timers are set.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: order
/// The greatest timer, which a [`BinaryHeap`] has on top, is the earliest.
impl<T> Ord for Timer<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.deadline, other.number).cmp(&(self.deadline, self.number))
    }
}
// ANCHOR_END: order

impl<T> PartialOrd for Timer<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Timer<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Timer<T> {}
