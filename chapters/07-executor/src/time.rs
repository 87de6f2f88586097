//! The clock, and waiting for a time of it: [`sleep`], [`sleep_until`], [`interval`].
//!
//! A time is a `Duration` since the executor was made, as [`now`](crate::now) says it. It leaves out time-outs.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::ebb::Local;

// ANCHOR: clock
/// An executor's clock: the time since it was made.
#[derive(Debug)]
pub(crate) enum Clock {
    /// The machine's.
    Real(Instant),
    /// Stands still until it is moved.
    Virtual(Cell<Duration>),
}

impl Clock {
    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::Real(start) => start.elapsed(),
            Self::Virtual(now) => now.get(),
        }
    }
}
// ANCHOR_END: clock

/// Names a timer: its deadline, and a number that keeps equal deadlines apart and in order.
pub(crate) type Key = (Duration, u64);

/// Waits for `duration`, counted from the first poll, like everything that a future does.
///
/// It is ready at the deadline or later, never before.
///
/// Dropping it takes its timer back. (Outside of its executor's `block_on` it cannot: the timer stays until its deadline, and then wakes for nothing.)
///
/// # Panics
///
/// When it is polled outside of [`Ebb::block_on`](crate::Ebb::block_on).
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { after: duration, deadline: None, timer: None }
}

/// Waits until the executor's time is `deadline`. As [`sleep`] otherwise.
pub fn sleep_until(deadline: Duration) -> Sleep {
    Sleep { after: Duration::ZERO, deadline: Some(deadline), timer: None }
}

/// The future of [`sleep`].
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Sleep {
    after: Duration,
    /// Known from the first poll on.
    deadline: Option<Duration>,
    /// The timer that is set, and the executor that has it.
    timer: Option<(u64, Key)>,
}

// ANCHOR: sleep
impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let local = Local::needed_by("sleep");
        let now = local.clock.now();
        let after = self.after;
        let deadline = *self.deadline.get_or_insert_with(|| now.saturating_add(after));
        if deadline <= now {
            self.cancel();
            return Poll::Ready(());
        }
        let here = local.number;
        let timer = self.timer.filter(|(at, _)| *at == here);
        let (_, key) = *self.timer.insert(timer.unwrap_or_else(|| (here, local.timer(deadline))));
        let earlier = local.timers.borrow_mut().insert(key, context.waker().clone());
        // Dropped after the borrow has ended: a waker may own what it wakes.
        drop(earlier);
        Poll::Pending
    }
}
// ANCHOR_END: sleep

impl Sleep {
    fn cancel(&mut self) {
        let Some((at, key)) = self.timer.take() else { return };
        if let Some(local) = Local::current().filter(|local| local.number == at) {
            let waker = local.timers.borrow_mut().remove(&key);
            drop(waker);
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Ticks every `period`: at once, and then at whole periods after the first tick.
///
/// # Panics
///
/// If `period` is zero.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval's period must be more than zero");
    Interval { period, next: None }
}

/// Made by [`interval`].
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    next: Option<Duration>,
}

impl Interval {
    /// Waits for the next tick, and returns when it was due.
    ///
    /// Lateness does not add up. Ticks that nobody waited for in time are one tick; the next is at a whole period again.
    ///
    /// Cancellation safe: a tick that was not returned is not lost.
    ///
    /// # Panics
    ///
    /// Outside of [`Ebb::block_on`](crate::Ebb::block_on).
    pub async fn tick(&mut self) -> Duration {
        let due = *self.next.get_or_insert_with(crate::now);
        sleep_until(due).await;
        let now = crate::now();
        // Since the last whole period, which is the one that `due` belongs to unless ticks were missed.
        let over = now.saturating_sub(due).as_nanos() % self.period.as_nanos();
        let last = now.saturating_sub(Duration::from_nanos_u128(over));
        self.next = Some(last.saturating_add(self.period));
        due
    }
}
