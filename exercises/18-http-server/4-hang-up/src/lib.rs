#![doc = include_str!("../README.md")]

use std::sync::Arc;
use std::time::Duration;

use gateway::{CallId, Error, Failure, Slot, poll_call};

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
pub async fn attend<F, L, C>(call: Call<F>, left: L, grace: Duration, clean_up: C)
where
    F: Future<Output = Result<(), Error>>,
    L: Future<Output = ()>,
    C: Fn(Ended),
{
    todo!("wait for the call, tell it when the client leaves, and clean up, once")
}
