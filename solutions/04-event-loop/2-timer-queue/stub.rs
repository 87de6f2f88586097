#![doc = include_str!("../README.md")]

use std::time::Duration;

/// Names a timer that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    // What does it take to find it again?
}

/// Timers that can be taken back.
#[derive(Debug)]
pub struct TimerQueue<T> {
    timers: Vec<T>,
}

impl<T> TimerQueue<T> {
    /// A queue with no timer in it.
    pub fn new() -> Self {
        todo!("make an empty queue")
    }

    /// Sets a timer for `now + delay`.
    pub fn set(&mut self, now: Duration, delay: Duration, value: T) -> Timer {
        todo!("keep the value until its deadline")
    }

    /// Takes a timer back, and returns its value; none if it has come due or was taken back before.
    pub fn cancel(&mut self, timer: Timer) -> Option<T> {
        todo!("take that timer out")
    }

    /// How long there is nothing to do: nothing if a timer is due, `None` if no timer is set.
    pub fn wait(&mut self, now: Duration) -> Option<Duration> {
        todo!("look at the earliest deadline")
    }

    /// Takes out the earliest timer that is due.
    pub fn take_due(&mut self, now: Duration) -> Option<T> {
        todo!("take out the earliest, if its deadline has come")
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
