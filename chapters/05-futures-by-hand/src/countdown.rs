//! The smallest future that has to be polled more than once.

use std::pin::Pin;
use std::task::{Context, Poll};

// ANCHOR: countdown
/// Counts down by one with each poll, and is done at zero.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Countdown {
    left: u32,
}

impl Future for Countdown {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<&'static str> {
        if self.left == 0 {
            return Poll::Ready("lift-off");
        }
        self.left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
// ANCHOR_END: countdown

impl Countdown {
    /// A countdown that is pending so many times.
    pub fn from(left: u32) -> Self {
        Self { left }
    }
}
