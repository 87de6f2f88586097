//! A future that is done says so again when it is asked again.
//!
//! caught by: what_is_done_is_not_polled_again

use std::pin::Pin;
use std::task::{Context, Poll};

/// Is done when both of its futures are.
pub struct JoinTwo<A: Future, B: Future> {
    first: A,
    second: B,
}

/// Waits for `first` and `second` together, and returns what both return.
pub fn join_two<A, B>(first: A, second: B) -> JoinTwo<A, B>
where
    A: Future + Unpin,
    A::Output: Unpin,
    B: Future + Unpin,
    B::Output: Unpin,
{
    JoinTwo { first, second }
}

impl<A, B> Future for JoinTwo<A, B>
where
    A: Future + Unpin,
    A::Output: Unpin,
    B: Future + Unpin,
    B::Output: Unpin,
{
    type Output = (A::Output, B::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let first = Pin::new(&mut this.first).poll(context);
        let second = Pin::new(&mut this.second).poll(context);
        match (first, second) {
            (Poll::Ready(first), Poll::Ready(second)) => Poll::Ready((first, second)),
            _ => Poll::Pending,
        }
    }
}
