//! A millisecond more or less does not matter to a wait.
//!
//! caught by: the_wait_ends_at_the_earliest_deadline

use std::collections::BTreeMap;
use std::time::Duration;

/// Names a timer that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    deadline: Duration,
    /// How many were set before it. So no two names are the same, and equal deadlines are in order.
    number: u64,
}

/// Timers that can be taken back.
#[derive(Debug)]
pub struct TimerQueue<T> {
    timers: BTreeMap<Timer, T>,
    set: u64,
}

impl<T> TimerQueue<T> {
    /// A queue with no timer in it.
    pub fn new() -> Self {
        Self { timers: BTreeMap::new(), set: 0 }
    }

    /// Sets a timer for `now + delay`.
    pub fn set(&mut self, now: Duration, delay: Duration, value: T) -> Timer {
        let timer = Timer { deadline: now.saturating_add(delay), number: self.set };
        self.set += 1;
        self.timers.insert(timer, value);
        timer
    }

    /// Takes a timer back, and returns its value; none if it has come due or was taken back before.
    pub fn cancel(&mut self, timer: Timer) -> Option<T> {
        self.timers.remove(&timer)
    }

    /// How long there is nothing to do: nothing if a timer is due, `None` if no timer is set.
    pub fn wait(&mut self, now: Duration) -> Option<Duration> {
        let (next, _) = self.timers.first_key_value()?;
        let wait = next.deadline.saturating_sub(now).as_millis();
        Some(Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX)))
    }

    /// Takes out the earliest timer that is due.
    pub fn take_due(&mut self, now: Duration) -> Option<T> {
        let next = self.timers.first_entry()?;
        (next.key().deadline <= now).then(|| next.remove())
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
