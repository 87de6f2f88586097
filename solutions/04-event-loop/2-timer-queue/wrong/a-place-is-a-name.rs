//! The place where a timer stands names it.
//!
//! caught by: cancelling_too_late_touches_no_other_timer

use std::collections::BTreeSet;
use std::time::Duration;

/// Names a timer that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer(usize);

/// Timers that can be taken back.
#[derive(Debug)]
pub struct TimerQueue<T> {
    order: BTreeSet<(Duration, u64, usize)>,
    places: Vec<Option<(Duration, u64, T)>>,
    free: Vec<usize>,
    set: u64,
}

impl<T> TimerQueue<T> {
    /// A queue with no timer in it.
    pub fn new() -> Self {
        Self { order: BTreeSet::new(), places: Vec::new(), free: Vec::new(), set: 0 }
    }

    /// Sets a timer for `now + delay`.
    pub fn set(&mut self, now: Duration, delay: Duration, value: T) -> Timer {
        let deadline = now.saturating_add(delay);
        self.set += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some((deadline, self.set, value));
        self.order.insert((deadline, self.set, place));
        Timer(place)
    }

    /// Takes a timer back, and returns its value; none if it has come due or was taken back before.
    pub fn cancel(&mut self, timer: Timer) -> Option<T> {
        let (deadline, number, value) = self.places[timer.0].take()?;
        self.order.remove(&(deadline, number, timer.0));
        self.free.push(timer.0);
        Some(value)
    }

    /// How long there is nothing to do: nothing if a timer is due, `None` if no timer is set.
    pub fn wait(&mut self, now: Duration) -> Option<Duration> {
        self.order.first().map(|(deadline, ..)| deadline.saturating_sub(now))
    }

    /// Takes out the earliest timer that is due.
    pub fn take_due(&mut self, now: Duration) -> Option<T> {
        let &(deadline, _, place) = self.order.first()?;
        if deadline > now {
            return None;
        }
        self.cancel(Timer(place))
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
