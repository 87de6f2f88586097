//! A condition variable remembers that it was notified.
//!
//! caught by: a_future_that_wakes_itself_is_polled_again

use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use shuttle::sync::{Arc, Condvar, Mutex};

/// What the waker points to.
struct Signal {
    lock: Mutex<()>,
    bell: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        let _held = self.lock.lock().unwrap();
        self.bell.notify_one();
    }
}

/// Runs one future to its end on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal { lock: Mutex::new(()), bell: Condvar::new() });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let held = signal.lock.lock().unwrap();
        drop(signal.bell.wait(held).unwrap());
    }
}
