//! A cancelled timer does no harm where it stands.
//!
//! caught by: a_cancelled_timer_is_not_waited_for

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

/// Names a timer that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer(u64);

/// Timers that can be taken back.
#[derive(Debug)]
pub struct TimerQueue<T> {
    heap: BinaryHeap<Reverse<(Duration, u64)>>,
    values: HashMap<u64, T>,
    set: u64,
}

impl<T> TimerQueue<T> {
    /// A queue with no timer in it.
    pub fn new() -> Self {
        Self { heap: BinaryHeap::new(), values: HashMap::new(), set: 0 }
    }

    /// Sets a timer for `now + delay`.
    pub fn set(&mut self, now: Duration, delay: Duration, value: T) -> Timer {
        self.set += 1;
        self.heap.push(Reverse((now.saturating_add(delay), self.set)));
        self.values.insert(self.set, value);
        Timer(self.set)
    }

    /// Takes a timer back, and returns its value; none if it has come due or was taken back before.
    pub fn cancel(&mut self, timer: Timer) -> Option<T> {
        self.values.remove(&timer.0)
    }

    /// How long there is nothing to do: nothing if a timer is due, `None` if no timer is set.
    pub fn wait(&mut self, now: Duration) -> Option<Duration> {
        self.heap.peek().map(|Reverse((deadline, _))| deadline.saturating_sub(now))
    }

    /// Takes out the earliest timer that is due.
    pub fn take_due(&mut self, now: Duration) -> Option<T> {
        while let Some(&Reverse((deadline, number))) = self.heap.peek() {
            if deadline > now {
                break;
            }
            self.heap.pop();
            if let Some(value) = self.values.remove(&number) {
                return Some(value);
            }
        }
        None
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
