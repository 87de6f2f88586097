//! A flag for each side, written with Release and read with Acquire, is as good as a lock.
//!
//! caught by: no_wake_is_lost

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};

/// The sender was dropped, and has sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

struct Shared<T> {
    value: Mutex<Option<T>>,
    /// The sender has done all that it will do.
    settled: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// There is a waker.
    waiting: AtomicBool,
}

/// The end that sends.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// The end that receives: a future.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

/// The two ends of a new channel.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        value: Mutex::new(None),
        settled: AtomicBool::new(false),
        waker: Mutex::new(None),
        waiting: AtomicBool::new(false),
    });
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

impl<T> Sender<T> {
    /// Sends the value, and wakes the receiver if it waits.
    pub fn send(self, value: T) {
        *self.shared.value.lock().unwrap() = Some(value);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.settled.store(true, Ordering::Release);
        if self.shared.waiting.load(Ordering::Acquire) {
            let waker = self.shared.waker.lock().unwrap().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        *self.shared.waker.lock().unwrap() = Some(context.waker().clone());
        self.shared.waiting.store(true, Ordering::Release);
        if self.shared.settled.load(Ordering::Acquire) {
            let value = self.shared.value.lock().unwrap().take();
            return Poll::Ready(value.ok_or(Cancelled));
        }
        Poll::Pending
    }
}
