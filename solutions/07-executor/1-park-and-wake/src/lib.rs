//! Runs one future on one thread.

use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread::{self, Thread};

// ANCHOR: signal
/// What the waker points to.
struct Signal {
    thread: Thread,
    /// The future was woken since its last poll began.
    woken: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        // Raised already: whoever raised it unparks the thread.
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}
// ANCHOR_END: signal

// ANCHOR: block-on
/// Runs one future to its end on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        while !signal.woken.swap(false, Ordering::AcqRel) {
            thread::park();
        }
    }
}
// ANCHOR_END: block-on
