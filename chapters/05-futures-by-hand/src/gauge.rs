//! The tide gauges of chapter 1, as futures.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::clock::{Clock, Sleep};

// ANCHOR: reading
/// A gauge's answer, in metres, which takes some time.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Reading {
    height: f64,
    sleep: Sleep,
}

/// Asks a gauge that will answer `height`, so much later.
pub fn reading(clock: &Clock, height: f64, takes: Duration) -> Reading {
    Reading { height, sleep: clock.sleep(takes) }
}

impl Future for Reading {
    type Output = f64;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<f64> {
        ready!(Pin::new(&mut self.sleep).poll(context));
        Poll::Ready(self.height)
    }
}
// ANCHOR_END: reading
