//! When the receiver is the only owner left, the sender is gone.
//!
//! caught by: no_drop_is_missed

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::sync::{Arc, Mutex};

/// The sender was dropped, and has sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

struct Shared<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

/// The end that sends.
pub struct Sender<T> {
    shared: Arc<Mutex<Shared<T>>>,
}

/// The end that receives: a future.
pub struct Receiver<T> {
    shared: Arc<Mutex<Shared<T>>>,
}

/// The two ends of a new channel.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Mutex::new(Shared { value: None, waker: None }));
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

impl<T> Sender<T> {
    /// Sends the value, and wakes the receiver if it waits.
    pub fn send(self, value: T) {
        // `drop` follows, and wakes.
        self.shared.lock().unwrap().value = Some(value);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = self.shared.lock().unwrap().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut shared = self.shared.lock().unwrap();
        if let Some(value) = shared.value.take() {
            return Poll::Ready(Ok(value));
        }
        if Arc::strong_count(&self.shared) == 1 {
            return Poll::Ready(Err(Cancelled));
        }
        shared.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
