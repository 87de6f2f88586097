//! Waiting for a time: [`sleep`], [`sleep_until`], [`interval`].
//!
//! Time is a `Duration` since the executor was made, as [`now`](crate::now) says it. It leaves out time-outs.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::ebb::Local;
use crate::timers::Key;

/// Waits for `duration`, counted from the first poll, like everything that a future does.
///
/// It is ready at the deadline or later, never before.
///
/// Dropping it takes its timer back. (On another thread than its executor's the timer stays until its deadline, and then wakes for nothing.)
///
/// # Panics
///
/// When it is polled outside of [`Ebb::block_on`](crate::Ebb::block_on).
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { until: Until::After(duration), timer: None }
}

/// Waits until the executor's time is `deadline`. As [`sleep`] otherwise.
pub fn sleep_until(deadline: Duration) -> Sleep {
    Sleep { until: Until::Deadline(deadline), timer: None }
}

/// The future of [`sleep`].
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Sleep {
    until: Until,
    /// The timer that is set, and the executor that has it.
    timer: Option<(usize, Key)>,
}

#[derive(Debug, Clone, Copy)]
enum Until {
    After(Duration),
    Deadline(Duration),
}

// ANCHOR: sleep
impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Local::with("sleep", |local| {
            let now = local.clock.now();
            let deadline = match self.until {
                Until::After(duration) => now.saturating_add(duration),
                Until::Deadline(deadline) => deadline,
            };
            self.until = Until::Deadline(deadline);
            if deadline <= now {
                self.cancel();
                return Poll::Ready(());
            }
            let mut timers = local.timers.borrow_mut();
            let here = local.address();
            let mine = self.timer.filter(|(at, _)| *at == here);
            match mine.and_then(|(_, key)| timers.get_mut(key)) {
                Some(waker) => waker.clone_from(context.waker()),
                None => self.timer = Some((here, timers.set(deadline, context.waker().clone()))),
            }
            Poll::Pending
        })
    }
}
// ANCHOR_END: sleep

impl Sleep {
    fn cancel(&mut self) {
        let Some((at, key)) = self.timer.take() else { return };
        Local::if_any(|local| {
            if local.address() == at {
                // Dropped after the borrow has ended: a waker may own what it wakes.
                let waker = local.timers.borrow_mut().cancel(key);
                drop(waker);
            }
        });
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
        let late = crate::now().saturating_sub(due).as_nanos() / self.period.as_nanos();
        let periods = u32::try_from(late + 1).unwrap_or(u32::MAX);
        self.next = Some(due.saturating_add(self.period.saturating_mul(periods)));
        due
    }
}
