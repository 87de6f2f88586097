#![doc = include_str!("../README.md")]

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::sync::{Arc, Mutex, Weak};

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future, and what its wakers have to know.
struct Task {
    // Yours to complete.
    future: Mutex<Option<BoxFuture>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        todo!("queue the task, unless it is queued")
    }
}

/// Runs tasks, first come first served.
#[derive(Default)]
pub struct Executor {
    // Yours to change.
    queue: Arc<Mutex<VecDeque<Arc<Task>>>>,
}

impl Executor {
    /// An executor without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a task of the future, and queues it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        todo!("make a task, and queue it")
    }

    /// Polls what is queued, in order, until nothing is.
    pub fn run(&mut self) {
        todo!("take the first task, poll it, and so on")
    }
}
