#![doc = include_str!("../README.md")]

use std::pin::Pin;
use std::task::{Context, Poll};

/// Is done when both of its futures are.
pub struct JoinTwo<A: Future, B: Future> {
    // Yours to change: more has to be kept than this.
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
    todo!("keep both")
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
        todo!("poll whichever is pending, keep what is ready, and return when both are there")
    }
}
