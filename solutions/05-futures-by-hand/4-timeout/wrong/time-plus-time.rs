//! A deadline is a time plus a limit.
//!
//! caught by: the_longest_limit_is_a_limit_too

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_by_hand::{Clock, Sleep};

/// The time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

/// Is done when its future is, or when the time is up.
pub struct Timeout<F> {
    clock: Clock,
    limit: Duration,
    /// Runs from the first poll on.
    timer: Option<Sleep>,
    /// `None` once it is over, either way.
    future: Option<F>,
}

/// Gives `future` so much time.
pub fn timeout<F>(clock: &Clock, limit: Duration, future: F) -> Timeout<F>
where
    F: Future + Unpin,
{
    Timeout { clock: clock.clone(), limit, timer: None, future: Some(future) }
}

impl<F> Future for Timeout<F>
where
    F: Future + Unpin,
{
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let future = this.future.as_mut().expect("a future is not polled after it was done");
        let timer =
            this.timer.get_or_insert_with(|| this.clock.sleep_until(this.clock.now() + this.limit));
        let outcome = if let Poll::Ready(output) = Pin::new(future).poll(context) {
            Ok(output)
        } else if Pin::new(timer).poll(context).is_ready() {
            Err(Elapsed)
        } else {
            return Poll::Pending;
        };
        this.future = None;
        this.timer = None;
        Poll::Ready(outcome)
    }
}
