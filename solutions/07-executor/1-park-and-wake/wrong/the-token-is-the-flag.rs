//! A thread's park token says all there is to say.
//!
//! caught by: a_future_may_use_up_the_threads_park_token

use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use shuttle::sync::Arc;
use shuttle::thread::{self, Thread};

/// What the waker points to.
struct Signal {
    thread: Thread,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.thread.unpark();
    }
}

/// Runs one future to its end on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal { thread: thread::current() });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}
