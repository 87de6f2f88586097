//! A call is awaited, as everything is.
//!
//! caught by: a_panic_is_a_failure_like_others

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use gateway::{CallId, Error, Failure, Slot};
use tokio::time::timeout;

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
    let mut returns = pin!(future);
    let returned = tokio::select! {
        biased;
        returned = &mut returns => returned,
        () = left => {
            slot.close();
            if slot.is_complete() {
                returns.await
            } else if let Ok(returned) = timeout(grace, returns).await {
                returned
            } else {
                return Ended::GivenUp;
            }
        }
    };
    Ended::Returned(slot.finish(id, returned))
}
