//! One bell for all: whoever has news will say so when it is asked.
//!
//! caught by: only_the_woken_are_polled

use std::pin::Pin;
use std::task::{Context, Wake, Waker};

use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::sync::{Arc, Mutex};

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Somebody was woken.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs tasks, first come first served.
#[derive(Default)]
pub struct Executor {
    tasks: Mutex<Vec<BoxFuture>>,
    bell: Arc<Bell>,
}

impl Executor {
    /// An executor without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a task of the future, and queues it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap().push(Box::pin(future));
        Arc::clone(&self.bell).wake();
    }

    /// Polls what is queued, in order, until nothing is.
    pub fn run(&mut self) {
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut context = Context::from_waker(&waker);
        while self.bell.0.swap(false, Ordering::AcqRel) {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        }
    }
}
