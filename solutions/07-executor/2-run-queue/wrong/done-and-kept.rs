//! A future that is done, and is not polled any more, is in nobody's way.
//!
//! caught by: what_is_done_is_dropped_at_once

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Wake, Waker};

use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::sync::{Arc, Mutex, Weak};

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future, and what its wakers have to know.
struct Task {
    future: Mutex<BoxFuture>,
    done: AtomicBool,
    /// It is in the queue.
    queued: AtomicBool,
    queue: Weak<Queue>,
}

/// Tasks that are to be polled, first come first served.
#[derive(Default)]
struct Queue {
    tasks: Mutex<VecDeque<Arc<Task>>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(queue) = self.queue.upgrade() {
            queue.tasks.lock().unwrap().push_back(self);
        }
    }
}

/// Runs tasks, first come first served.
#[derive(Default)]
pub struct Executor {
    queue: Arc<Queue>,
}

impl Executor {
    /// An executor without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a task of the future, and queues it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let task = Task {
            future: Mutex::new(Box::pin(future)),
            done: AtomicBool::new(false),
            queued: AtomicBool::new(false),
            queue: Arc::downgrade(&self.queue),
        };
        Arc::new(task).wake();
    }

    /// Polls what is queued, in order, until nothing is.
    pub fn run(&mut self) {
        loop {
            let next = self.queue.tasks.lock().unwrap().pop_front();
            let Some(task) = next else { break };
            task.queued.swap(false, Ordering::AcqRel);
            if task.done.load(Ordering::Acquire) {
                continue;
            }
            let waker = Waker::from(Arc::clone(&task));
            let mut future = task.future.lock().unwrap();
            if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                task.done.store(true, Ordering::Release);
            }
        }
    }
}
