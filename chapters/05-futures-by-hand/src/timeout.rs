//! Gives a future so much time.
//!
//! Left out, and asked for in the exercise *timeout*: time that counts from the first poll,
//! and a future that is dropped at the moment in which its time is up.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::{Clock, Sleep};
use crate::select::{Either, Select, select};

/// The time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the time was up before there was an answer")
    }
}

impl std::error::Error for Elapsed {}

// ANCHOR: timeout
/// Is done when its future is, or when the time is up. An answer that is there in time wins, also at the last moment.
///
/// The future is dropped with the `Timeout`.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Timeout<F> {
    race: Select<F, Sleep>,
}

/// Gives `future` so much time, counted from this call.
pub fn timeout<F: Future + Unpin>(clock: &Clock, limit: Duration, future: F) -> Timeout<F> {
    Timeout { race: select(future, clock.sleep(limit)) }
}

impl<F: Future + Unpin> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.race).poll(context).map(|winner| match winner {
            Either::First(output) => Ok(output),
            Either::Second(()) => Err(Elapsed),
        })
    }
}
// ANCHOR_END: timeout
