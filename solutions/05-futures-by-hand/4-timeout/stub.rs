#![doc = include_str!("../README.md")]

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_by_hand::{Clock, Sleep};

/// The time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

/// Is done when its future is, or when the time is up.
pub struct Timeout<F> {
    // Yours to change.
    clock: Clock,
    future: F,
}

/// Gives `future` so much time.
pub fn timeout<F>(clock: &Clock, limit: Duration, future: F) -> Timeout<F>
where
    F: Future + Unpin,
{
    todo!("keep what the first poll will need")
}

impl<F> Future for Timeout<F>
where
    F: Future + Unpin,
{
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        todo!("whichever comes first, the value or the time")
    }
}
