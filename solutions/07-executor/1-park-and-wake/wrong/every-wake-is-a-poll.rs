//! Each wake is answered by a poll of its own.
//!
//! caught by: many_wakes_before_a_poll_are_one

use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use shuttle::sync::mpsc::{self, Sender};
use shuttle::sync::{Arc, Mutex};

/// What the waker points to.
struct Signal {
    wakes: Mutex<Sender<()>>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        let _ = self.wakes.lock().unwrap().send(());
    }
}

/// Runs one future to its end on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let (sender, wakes) = mpsc::channel();
    let signal = Arc::new(Signal { wakes: Mutex::new(sender) });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        wakes.recv().unwrap();
    }
}
