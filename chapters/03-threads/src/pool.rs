//! A fixed number of threads, and a queue with a fixed number of places before them.
//!
//! Left out: priorities, results, and jobs that start jobs on the same pool (with the queue full, such a job waits for itself).

use std::io;
use std::panic::{self, AssertUnwindSafe};

use crate::primitives::mpsc::{self, Receiver, SyncSender};
use crate::primitives::thread::{self, JoinHandle};
use crate::primitives::{Arc, Mutex};

// ANCHOR: pool
/// What a worker runs.
type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that run jobs.
pub struct Pool {
    jobs: Option<SyncSender<Job>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of `workers` threads, with `places` places in its queue.
    ///
    /// No places at all means that each job is handed from hand to hand.
    ///
    /// # Errors
    ///
    /// When the operating system has no thread to give.
    pub fn new(workers: usize, places: usize) -> io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(places);
        let receiver = Arc::new(Mutex::new(receiver));
        let mut pool = Self { jobs: Some(sender), workers: Vec::with_capacity(workers) };
        for number in 1..=workers {
            let receiver = Arc::clone(&receiver);
            let worker = thread::Builder::new().name(format!("worker {number}"));
            pool.workers.push(worker.spawn(move || work(&receiver))?);
        }
        Ok(pool)
    }

    /// Hands over a job. Blocks while every worker is busy and every place is taken.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // The workers hold the other end, and outlive the pool.
            let _ = jobs.send(Box::new(job));
        }
    }
}
// ANCHOR_END: pool

// ANCHOR: work
fn work(jobs: &Mutex<Receiver<Job>>) {
    while let Some(job) = next(jobs) {
        // A job that panics has ended. Whoever submitted it has gone on.
        let _ = panic::catch_unwind(AssertUnwindSafe(job));
    }
}

/// Waits for a job; none when the queue is empty and the pool is gone.
fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    // The guard ends with this function: the job runs without it.
    jobs.lock().ok()?.recv().ok()
}
// ANCHOR_END: work

// ANCHOR: drop
/// Waits until every job that was submitted has been run.
impl Drop for Pool {
    fn drop(&mut self) {
        // Without a sender, `recv` fails as soon as the queue is empty.
        self.jobs = None;
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}
// ANCHOR_END: drop
