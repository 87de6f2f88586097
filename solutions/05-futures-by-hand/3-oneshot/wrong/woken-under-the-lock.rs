//! A waker only sets a flag, so it may be called under the lock.
//!
//! caught by: it_may_be_polled_before_the_wake_returns

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::sync::{Arc, Mutex};

/// The sender was dropped, and has sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

enum State<T> {
    /// Nothing was sent. The waker is that of the receiver's latest poll, if there was one.
    Open(Option<Waker>),
    /// The value waits for the receiver.
    Sent(T),
    /// The sender is gone.
    Over,
}

/// The end that sends.
pub struct Sender<T> {
    state: Arc<Mutex<State<T>>>,
}

/// The end that receives: a future.
pub struct Receiver<T> {
    state: Arc<Mutex<State<T>>>,
}

/// The two ends of a new channel.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let state = Arc::new(Mutex::new(State::Open(None)));
    (Sender { state: Arc::clone(&state) }, Receiver { state })
}

impl<T> Sender<T> {
    /// Sends the value, and wakes the receiver if it waits.
    pub fn send(self, value: T) {
        self.settle(State::Sent(value));
    }

    /// Leaves the channel in this state, unless it was settled before.
    fn settle(&self, outcome: State<T>) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let State::Open(waker) = &mut *state else { return };
        let waker = waker.take();
        *state = outcome;
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.settle(State::Over);
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &mut *state {
            State::Open(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            settled => match std::mem::replace(settled, State::Over) {
                State::Sent(value) => Poll::Ready(Ok(value)),
                State::Open(_) | State::Over => Poll::Ready(Err(Cancelled)),
            },
        }
    }
}
