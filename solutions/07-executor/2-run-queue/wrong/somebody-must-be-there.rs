//! Whoever is woken has an executor that will poll it.
//!
//! caught by: a_wake_when_the_executor_is_gone_does_nothing

use std::pin::Pin;
use std::task::{Context, Wake, Waker};

use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::sync::mpsc::{self, Receiver, Sender};
use shuttle::sync::{Arc, Mutex};

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future, and what its wakers have to know.
struct Task {
    future: Mutex<Option<BoxFuture>>,
    queued: AtomicBool,
    queue: Mutex<Sender<Arc<Task>>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let queue = self.queue.lock().unwrap().clone();
        queue.send(self).expect("the executor runs");
    }
}

/// Runs tasks, first come first served.
pub struct Executor {
    sender: Sender<Arc<Task>>,
    queue: Receiver<Arc<Task>>,
}

impl Executor {
    /// An executor without tasks.
    pub fn new() -> Self {
        let (sender, queue) = mpsc::channel();
        Self { sender, queue }
    }

    /// Makes a task of the future, and queues it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let task = Task {
            future: Mutex::new(Some(Box::pin(future))),
            queued: AtomicBool::new(false),
            queue: Mutex::new(self.sender.clone()),
        };
        Arc::new(task).wake();
    }

    /// Polls what is queued, in order, until nothing is.
    pub fn run(&mut self) {
        while let Ok(task) = self.queue.try_recv() {
            task.queued.swap(false, Ordering::AcqRel);
            let waker = Waker::from(Arc::clone(&task));
            let mut slot = task.future.lock().unwrap();
            if let Some(future) = slot.as_mut()
                && future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
            {
                *slot = None;
            }
        }
    }
}

impl Default for Executor {
    fn default() -> Self {
        Self::new()
    }
}
