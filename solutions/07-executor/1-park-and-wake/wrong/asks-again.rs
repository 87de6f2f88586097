//! A polite loop that gives way to others may ask as often as it likes.
//!
//! caught by: the_thread_sleeps_until_somebody_wakes_it

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use shuttle::thread;

/// Runs one future to its end on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::yield_now();
    }
}
