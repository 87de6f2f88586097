//! A flag that is atomic needs no lock to be looked at.
//!
//! caught by: no_wake_is_lost

use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::sync::{Arc, Condvar, Mutex};

/// What the waker points to.
struct Signal {
    woken: AtomicBool,
    lock: Mutex<()>,
    bell: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.woken.swap(true, Ordering::AcqRel);
        self.bell.notify_one();
    }
}

/// Runs one future to its end on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal {
        woken: AtomicBool::new(false),
        lock: Mutex::new(()),
        bell: Condvar::new(),
    });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        while !signal.woken.swap(false, Ordering::AcqRel) {
            let held = signal.lock.lock().unwrap();
            drop(signal.bell.wait(held).unwrap());
        }
    }
}
