//! A deadline names a timer.
//!
//! caught by: equal_deadlines_come_in_the_order_they_were_set

use std::collections::BTreeMap;
use std::time::Duration;

/// Names a timer that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer(Duration);

/// Timers that can be taken back.
#[derive(Debug)]
pub struct TimerQueue<T> {
    timers: BTreeMap<Duration, T>,
}

impl<T> TimerQueue<T> {
    /// A queue with no timer in it.
    pub fn new() -> Self {
        Self { timers: BTreeMap::new() }
    }

    /// Sets a timer for `now + delay`.
    pub fn set(&mut self, now: Duration, delay: Duration, value: T) -> Timer {
        let deadline = now.saturating_add(delay);
        self.timers.insert(deadline, value);
        Timer(deadline)
    }

    /// Takes a timer back, and returns its value; none if it has come due or was taken back before.
    pub fn cancel(&mut self, timer: Timer) -> Option<T> {
        self.timers.remove(&timer.0)
    }

    /// How long there is nothing to do: nothing if a timer is due, `None` if no timer is set.
    pub fn wait(&mut self, now: Duration) -> Option<Duration> {
        self.timers.first_key_value().map(|(deadline, _)| deadline.saturating_sub(now))
    }

    /// Takes out the earliest timer that is due.
    pub fn take_due(&mut self, now: Duration) -> Option<T> {
        let next = self.timers.first_entry()?;
        (*next.key() <= now).then(|| next.remove())
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
