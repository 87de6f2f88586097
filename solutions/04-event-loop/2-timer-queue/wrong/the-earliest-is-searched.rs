//! Only cancelling must be quick.
//!
//! caught by: a_hundred_thousand_come_due_without_a_scan

use std::collections::HashMap;
use std::time::Duration;

/// Names a timer that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer(u64);

/// Timers that can be taken back.
#[derive(Debug)]
pub struct TimerQueue<T> {
    timers: HashMap<u64, (Duration, T)>,
    set: u64,
}

impl<T> TimerQueue<T> {
    /// A queue with no timer in it.
    pub fn new() -> Self {
        Self { timers: HashMap::new(), set: 0 }
    }

    /// Sets a timer for `now + delay`.
    pub fn set(&mut self, now: Duration, delay: Duration, value: T) -> Timer {
        self.set += 1;
        self.timers.insert(self.set, (now.saturating_add(delay), value));
        Timer(self.set)
    }

    /// Takes a timer back, and returns its value; none if it has come due or was taken back before.
    pub fn cancel(&mut self, timer: Timer) -> Option<T> {
        self.timers.remove(&timer.0).map(|(_, value)| value)
    }

    /// The earliest deadline, and the number of its timer.
    fn earliest(&self) -> Option<(Duration, u64)> {
        self.timers.iter().map(|(number, (deadline, _))| (*deadline, *number)).min()
    }

    /// How long there is nothing to do: nothing if a timer is due, `None` if no timer is set.
    pub fn wait(&mut self, now: Duration) -> Option<Duration> {
        self.earliest().map(|(deadline, _)| deadline.saturating_sub(now))
    }

    /// Takes out the earliest timer that is due.
    pub fn take_due(&mut self, now: Duration) -> Option<T> {
        let (deadline, number) = self.earliest()?;
        if deadline > now {
            return None;
        }
        self.timers.remove(&number).map(|(_, value)| value)
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
