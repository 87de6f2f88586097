//! The place is free when the job is done.
//!
//! caught by: a_free_place_is_for_one_and_at_once

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};

use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};
use shuttle::thread::{self, JoinHandle};

/// What a worker runs.
type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that run jobs from a queue with a fixed number of places.
pub struct ThreadPool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// What the workers and those who submit have in common.
struct Shared {
    /// How many jobs may wait.
    capacity: usize,
    queue: Mutex<Queue>,
    /// Workers wait here for a job.
    job_waiting: Condvar,
    /// Those who submit wait here for a free place.
    place_free: Condvar,
}

struct Queue {
    jobs: VecDeque<Job>,
    /// Whether the pool is shutting down.
    closing: bool,
}

impl ThreadPool {
    /// A pool of `workers` threads, whose queue has `capacity` places; at least one of each.
    pub fn new(workers: usize, capacity: usize) -> Self {
        let shared = Arc::new(Shared {
            capacity,
            queue: Mutex::new(Queue { jobs: VecDeque::new(), closing: false }),
            job_waiting: Condvar::new(),
            place_free: Condvar::new(),
        });
        let workers = (0..workers)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.work())
            })
            .collect();
        Self { shared, workers }
    }

    /// Hands over a job; waits for a free place in the queue.
    ///
    /// # Panics
    ///
    /// If a thread panicked while it held the queue, which none does.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) {
        let mut queue = self.shared.lock();
        while queue.jobs.len() == self.shared.capacity {
            queue = self.shared.place_free.wait(queue).expect(UNPOISONED);
        }
        queue.jobs.push_back(Box::new(job));
        self.shared.job_waiting.notify_one();
    }

    /// Returns when every job that was submitted has been run and every worker has ended.
    pub fn shutdown(self) {
        self.shared.lock().closing = true;
        self.shared.job_waiting.notify_all();
        for worker in self.workers {
            // It catches the panics of its jobs, and has none of its own to report.
            let _ = worker.join();
        }
    }
}

impl Shared {
    /// What a worker does: takes jobs and runs them, until the pool shuts down and no job is left.
    fn work(&self) {
        while let Some(job) = self.next_job() {
            // Whoever submitted the job has gone on; there is nobody to tell.
            let _ = panic::catch_unwind(AssertUnwindSafe(job));
            self.place_free.notify_one();
        }
    }

    /// Waits for a job; `None` if the pool shuts down and none is left.
    fn next_job(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closing {
                return None;
            }
            queue = self.job_waiting.wait(queue).expect(UNPOISONED);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect(UNPOISONED)
    }
}

/// Jobs run without the lock, so none can panic while holding it.
const UNPOISONED: &str = "nothing panics while it holds the queue";
