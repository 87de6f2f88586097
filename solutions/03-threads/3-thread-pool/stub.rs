#![doc = include_str!("../README.md")]

use std::collections::VecDeque;

use shuttle::sync::{Arc, Condvar, Mutex};
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
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) {
        todo!("wait for a place, put the job there, wake a worker")
    }

    /// Returns when every job that was submitted has been run and every worker has ended.
    pub fn shutdown(self) {
        todo!("tell the workers, and wait for them")
    }
}

impl Shared {
    /// What a worker does: takes jobs and runs them, until the pool shuts down and no job is left.
    fn work(&self) {
        todo!("get a job, run it, again and again")
    }
}
