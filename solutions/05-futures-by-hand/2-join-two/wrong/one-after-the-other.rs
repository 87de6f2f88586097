//! The second is polled when the first is done.
//!
//! caught by: both_run_at_the_same_time

use std::pin::Pin;
use std::task::{Context, Poll};

/// Is done when both of its futures are.
pub struct JoinTwo<A: Future, B: Future> {
    first: A,
    second: B,
    first_output: Option<A::Output>,
    second_output: Option<B::Output>,
}

/// Waits for `first` and `second` together, and returns what both return.
pub fn join_two<A, B>(first: A, second: B) -> JoinTwo<A, B>
where
    A: Future + Unpin,
    A::Output: Unpin,
    B: Future + Unpin,
    B::Output: Unpin,
{
    JoinTwo { first, second, first_output: None, second_output: None }
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
        if this.first_output.is_none() {
            match Pin::new(&mut this.first).poll(context) {
                Poll::Ready(output) => this.first_output = Some(output),
                Poll::Pending => return Poll::Pending,
            }
        }
        if this.second_output.is_none()
            && let Poll::Ready(output) = Pin::new(&mut this.second).poll(context)
        {
            this.second_output = Some(output);
        }
        match (this.first_output.take(), this.second_output.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (first, second) => {
                this.first_output = first;
                this.second_output = second;
                Poll::Pending
            }
        }
    }
}
