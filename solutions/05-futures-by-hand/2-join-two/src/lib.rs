//! Two futures as one.

use std::pin::Pin;
use std::task::{Context, Poll};

// ANCHOR: side
/// One of the two: the future while it is pending, then its output until it is asked for.
enum Side<F: Future> {
    Pending(F),
    Done(F::Output),
    Taken,
}

impl<F> Side<F>
where
    F: Future + Unpin,
{
    /// Polls the future if it is pending; says whether it is done.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        if let Self::Pending(future) = self {
            match Pin::new(future).poll(context) {
                Poll::Ready(output) => *self = Self::Done(output),
                Poll::Pending => return false,
            }
        }
        true
    }

    fn take(&mut self) -> F::Output {
        match std::mem::replace(self, Self::Taken) {
            Self::Done(output) => output,
            Self::Pending(_) | Self::Taken => panic!("a join was polled after it was done"),
        }
    }
}
// ANCHOR_END: side

/// Is done when both of its futures are.
pub struct JoinTwo<A: Future, B: Future> {
    first: Side<A>,
    second: Side<B>,
}

/// Waits for `first` and `second` together, and returns what both return.
pub fn join_two<A, B>(first: A, second: B) -> JoinTwo<A, B>
where
    A: Future + Unpin,
    A::Output: Unpin,
    B: Future + Unpin,
    B::Output: Unpin,
{
    JoinTwo { first: Side::Pending(first), second: Side::Pending(second) }
}

// ANCHOR: poll
impl<A, B> Future for JoinTwo<A, B>
where
    A: Future + Unpin,
    A::Output: Unpin,
    B: Future + Unpin,
    B::Output: Unpin,
{
    type Output = (A::Output, B::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let first = self.first.poll(context);
        let second = self.second.poll(context);
        if first && second {
            Poll::Ready((self.first.take(), self.second.take()))
        } else {
            Poll::Pending
        }
    }
}
// ANCHOR_END: poll
