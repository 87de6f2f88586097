//! A thread runs one future at a time, so one signal is enough for it.
//!
//! caught by: a_block_on_inside_of_another_leaves_its_wakes_alone

use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread::{self, Thread};

/// What the waker points to.
struct Signal {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.woken.swap(true, Ordering::AcqRel);
        self.thread.unpark();
    }
}

shuttle::thread_local! {
    /// Made once, lent to every call.
    static SIGNAL: Arc<Signal> =
        Arc::new(Signal { thread: thread::current(), woken: AtomicBool::new(false) });
}

/// Runs one future to its end on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let signal = SIGNAL.with(Arc::clone);
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
