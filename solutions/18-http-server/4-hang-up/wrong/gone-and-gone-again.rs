//! A future that was ready is ready.
//!
//! caught by: one_that_is_told_has_time_to_end_well

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use gateway::{CallId, Error, Failure, Slot, poll_call};
use tokio::time::sleep;

/// A call of an application that has begun.
#[derive(Debug)]
pub struct Call<F> {
    /// What the application does.
    pub future: F,
    /// Where it and its connection meet.
    pub slot: Arc<Slot>,
    /// Which of the slot's calls it is.
    pub id: CallId,
}

/// How a call ended.
#[derive(Debug)]
pub enum Ended {
    /// The application returned, and `finish` says what that means.
    Returned(Result<(), Failure>),
    /// Its client had left, and it did not return in time.
    GivenUp,
    /// The connection was dropped, and the call with it.
    Dropped,
}

/// Sees a call through to its end, and cleans up behind it.
///
/// `left` is ready when the client has left. From then on the application has `grace`.
pub fn attend<F, L, C>(
    call: Call<F>,
    left: L,
    grace: Duration,
    clean_up: C,
) -> impl Future<Output = ()>
where
    F: Future<Output = Result<(), Error>>,
    L: Future<Output = ()>,
    C: Fn(Ended),
{
    // It is here before the first poll.
    let mut end = End { call: Some(call), ended: Ended::Dropped, clean_up };
    async move {
        if let Some(call) = end.call.take() {
            end.ended = see_through(call, left, grace).await;
        }
        // And is dropped here, or wherever this is dropped.
        drop(end);
    }
}

/// Cleans up when it is dropped.
struct End<F, C: Fn(Ended)> {
    /// Until the first poll.
    call: Option<Call<F>>,
    ended: Ended,
    clean_up: C,
}

impl<F, C: Fn(Ended)> Drop for End<F, C> {
    fn drop(&mut self) {
        self.call = None;
        (self.clean_up)(std::mem::replace(&mut self.ended, Ended::Dropped));
    }
}

/// When this returns, the application's future is gone.
async fn see_through<F, L>(call: Call<F>, left: L, grace: Duration) -> Ended
where
    F: Future<Output = Result<(), Error>>,
    L: Future<Output = ()>,
{
    let Call { future, slot, id } = call;
    let mut future = pin!(future);
    let mut left = pin!(left);
    let mut told = None;
    let returned = poll_fn(|cx| {
        if let Poll::Ready(returned) = poll_call(future.as_mut(), cx) {
            return Poll::Ready(Some(returned));
        }
        if left.as_mut().poll(cx).is_ready() && told.is_none() {
            slot.close();
            told = Some(Box::pin(sleep(grace)));
            cx.waker().wake_by_ref();
        }
        match &mut told {
            Some(grace) if !slot.is_complete() => grace.as_mut().poll(cx).map(|()| None),
            _ => Poll::Pending,
        }
    });
    let Some(returned) = returned.await else { return Ended::GivenUp };
    Ended::Returned(slot.finish(id, returned))
}
