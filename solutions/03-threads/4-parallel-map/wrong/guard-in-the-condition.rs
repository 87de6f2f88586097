//! The lock on the items is held while the next one is taken.
//!
//! caught by: workers_work_at_the_same_time

use std::panic;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

/// Applies `f` to every item, on `workers` threads, at least one; returns the results in the items' order.
///
/// # Panics
///
/// With the payload of the first panic of `f` that it hears of, after all threads have ended.
pub fn parallel_map<T, R, F>(items: Vec<T>, workers: usize, f: F) -> Vec<R>
where
    T: Send,
    R: Send,
    F: Fn(T) -> R + Sync,
{
    let count = items.len();
    let items = Mutex::new(items.into_iter().enumerate());
    let lock = || items.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, item)) = lock().next() {
            done.push((index, f(item)));
        }
        done
    };

    let outcomes: Vec<_> = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers.min(count)).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(ScopedJoinHandle::join).collect()
    });
    let mut results = Vec::with_capacity(count);
    for outcome in outcomes {
        match outcome {
            Ok(done) => results.extend(done),
            Err(payload) => panic::resume_unwind(payload),
        }
    }
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
