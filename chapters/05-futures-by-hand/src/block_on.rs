//! Runs one future on this thread.
//!
//! Left out: more than one future, and everything that a future might want from its runtime, such as timers and sockets.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::{AtomicBool, Ordering, Thread, thread};

// ANCHOR: signal
/// What a wake does to the thread that waits.
struct Signal {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        // A swap and no store: the second of two stores would hide what was written before the first.
        self.woken.swap(true, Ordering::Release);
        self.thread.unpark();
    }
}
// ANCHOR_END: signal

// ANCHOR: block-on
/// Polls `future` on this thread until it is done. Between two polls the thread sleeps until it is woken.
///
/// # Panics
///
/// When `future` does.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let signal = Arc::new(Signal { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        while !signal.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}
// ANCHOR_END: block-on
