#![doc = include_str!("../README.md")]

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};

/// The sender was dropped, and has sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

/// What the two ends share.
struct Shared<T> {
    // Yours to fill. You may not need all of the imports above.
    value: Option<T>,
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
    todo!("make what both share")
}

impl<T> Sender<T> {
    /// Sends the value, and wakes the receiver if it waits.
    pub fn send(self, value: T) {
        todo!("leave the value, and wake the receiver")
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        todo!("tell the receiver, unless a value was sent: `send` drops the sender too")
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        todo!("take the value, or hear that none will come, or leave the waker")
    }
}
