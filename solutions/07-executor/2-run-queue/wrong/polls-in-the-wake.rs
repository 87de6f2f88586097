//! A woken task is polled; why put it off?
//!
//! caught by: a_wake_only_queues

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Wake, Waker};

use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::sync::{Arc, Mutex, Weak};

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future, and what its wakers have to know.
struct Task {
    /// `None` once it is done.
    future: Mutex<Option<BoxFuture>>,
    /// It is in the queue.
    queued: AtomicBool,
    queue: Weak<Queue>,
}

/// Tasks that are to be polled, first come first served.
#[derive(Default)]
struct Queue {
    tasks: Mutex<VecDeque<Arc<Task>>>,
}

impl Task {
    fn poll(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        let mut slot = self.future.lock().unwrap();
        if let Some(future) = slot.as_mut()
            && future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
        {
            *slot = None;
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Ok(slot) = self.future.try_lock() {
            drop(slot);
            self.queued.store(false, Ordering::Release);
            self.poll();
        } else if let Some(queue) = self.queue.upgrade() {
            // It is being polled.
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
            future: Mutex::new(Some(Box::pin(future))),
            queued: AtomicBool::new(false),
            queue: Arc::downgrade(&self.queue),
        };
        task.queued.store(true, Ordering::Release);
        self.queue.tasks.lock().unwrap().push_back(Arc::new(task));
    }

    /// Polls what is queued, in order, until nothing is.
    pub fn run(&mut self) {
        loop {
            let next = self.queue.tasks.lock().unwrap().pop_front();
            let Some(task) = next else { break };
            task.queued.swap(false, Ordering::AcqRel);
            task.poll();
        }
    }
}
