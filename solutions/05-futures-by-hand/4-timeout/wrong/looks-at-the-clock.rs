//! To know the time, look at the clock.
//!
//! caught by: the_deadline_wakes_the_task

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_by_hand::Clock;

/// The time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

/// Is done when its future is, or when the time is up.
pub struct Timeout<F> {
    clock: Clock,
    limit: Duration,
    deadline: Option<Duration>,
    /// `None` once it is over, either way.
    future: Option<F>,
}

/// Gives `future` so much time.
pub fn timeout<F>(clock: &Clock, limit: Duration, future: F) -> Timeout<F>
where
    F: Future + Unpin,
{
    Timeout { clock: clock.clone(), limit, deadline: None, future: Some(future) }
}

impl<F> Future for Timeout<F>
where
    F: Future + Unpin,
{
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let future = this.future.as_mut().expect("a future is not polled after it was done");
        let now = this.clock.now();
        let deadline = *this.deadline.get_or_insert(now + this.limit);
        let outcome = if let Poll::Ready(output) = Pin::new(future).poll(context) {
            Ok(output)
        } else if now >= deadline {
            Err(Elapsed)
        } else {
            return Poll::Pending;
        };
        this.future = None;
        Poll::Ready(outcome)
    }
}
