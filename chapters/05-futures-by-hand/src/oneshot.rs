//! A value that one thread sends to another, once. The receiver is a future.
//!
//! Left out, and asked for in the exercise *oneshot*: what the receiver hears when the sender is dropped and has sent nothing.
//! Here it hears nothing, and waits for ever.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::sync::{Mutex, MutexGuard};

// ANCHOR: types
/// The end that sends.
pub struct Sender<T> {
    shared: Arc<Mutex<State<T>>>,
}

/// The end that receives: a future.
#[must_use = "a future does nothing until it is polled"]
pub struct Receiver<T> {
    shared: Arc<Mutex<State<T>>>,
}

struct State<T> {
    value: Option<T>,
    waker: Option<Waker>,
}
// ANCHOR_END: types

/// The two ends of a new channel.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Mutex::new(State { value: None, waker: None }));
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

// ANCHOR: send
impl<T> Sender<T> {
    /// Sends the value, and wakes the receiver if it waits.
    pub fn send(self, value: T) {
        let mut state = lock(&self.shared);
        state.value = Some(value);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
// ANCHOR_END: send

// ANCHOR: receive
impl<T> Future for Receiver<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = lock(&self.shared);
        if let Some(value) = state.value.take() {
            return Poll::Ready(value);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
// ANCHOR_END: receive

fn lock<T>(shared: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    // Cloning a waker may be somebody else's code; if it panics, the state is as it was.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
