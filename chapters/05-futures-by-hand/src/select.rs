//! Waits for the first of two futures.
//!
//! Left out: fairness. When both are ready, the first one wins, always; with a timer in second place that is what one wants.

use std::pin::Pin;
use std::task::{Context, Poll};

// ANCHOR: select
/// One of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first.
    First(A),
    /// The second.
    Second(B),
}

/// Is done when one of two futures is, with that one's output. If both are, the first is heard.
///
/// The other is not polled again. It is dropped with the `Select`.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Select<A, B> {
    first: A,
    second: B,
}

/// Waits for `first` or `second`, whichever is done earlier.
pub fn select<A, B>(first: A, second: B) -> Select<A, B>
where
    A: Future + Unpin,
    B: Future + Unpin,
{
    Select { first, second }
}

impl<A, B> Future for Select<A, B>
where
    A: Future + Unpin,
    B: Future + Unpin,
{
    type Output = Either<A::Output, B::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = Pin::new(&mut self.first).poll(context) {
            return Poll::Ready(Either::First(output));
        }
        Pin::new(&mut self.second).poll(context).map(Either::Second)
    }
}
// ANCHOR_END: select
