//! Waits for all of several futures.
//!
//! Left out: finding out which of them was woken. Every wake polls all that are pending.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

// ANCHOR: join
/// Is done when all its futures are, with their outputs in the order of the futures.
///
/// Dropped, it drops those that are not done, and the outputs of those that are.
#[must_use = "a future does nothing until it is polled"]
pub struct Join<F: Future> {
    members: Vec<Member<F>>,
}

enum Member<F: Future> {
    Pending(F),
    Done(F::Output),
}

/// Waits for all of `futures` together.
pub fn join<F>(futures: impl IntoIterator<Item = F>) -> Join<F>
where
    F: Future + Unpin,
    F::Output: Unpin,
{
    Join { members: futures.into_iter().map(Member::Pending).collect() }
}

impl<F> Future for Join<F>
where
    F: Future + Unpin,
    F::Output: Unpin,
{
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<F::Output>> {
        let mut pending = false;
        for member in &mut self.members {
            if let Member::Pending(future) = member {
                match Pin::new(future).poll(context) {
                    Poll::Ready(output) => *member = Member::Done(output),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            return Poll::Pending;
        }
        Poll::Ready(self.members.drain(..).filter_map(Member::into_output).collect())
    }
}
// ANCHOR_END: join

impl<F: Future> Member<F> {
    fn into_output(self) -> Option<F::Output> {
        match self {
            Self::Pending(_) => None,
            Self::Done(output) => Some(output),
        }
    }
}

impl<F: Future> fmt::Debug for Join<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pending =
            self.members.iter().filter(|member| matches!(member, Member::Pending(_))).count();
        f.debug_struct("Join")
            .field("members", &self.members.len())
            .field("pending", &pending)
            .finish()
    }
}
