//! Threads are cheap: every item gets one.
//!
//! caught by: no_more_threads_than_workers

use std::panic;
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
    let _ = workers;
    thread::scope(|scope| {
        let f = &f;
        let handles: Vec<_> = items.into_iter().map(|item| scope.spawn(move || f(item))).collect();
        let outcomes: Vec<_> = handles.into_iter().map(ScopedJoinHandle::join).collect();
        outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(|payload| panic::resume_unwind(payload)))
            .collect()
    })
}
