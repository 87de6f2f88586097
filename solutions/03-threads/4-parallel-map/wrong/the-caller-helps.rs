//! The calling thread is there anyway, so it may as well work.
//!
//! caught by: no_more_at_work_than_workers

use std::panic;
use std::sync::Mutex;
use std::thread::{self, ScopedJoinHandle};

/// Applies `f` to every item, on `workers` threads (0 count as 1); returns the results in the items' order.
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
    // The guard is dropped when this returns, before anybody works on the item.
    let next = || items.lock().expect("nothing panics while it holds the items").next();
    let work = || {
        let mut done = Vec::new();
        while let Some((index, item)) = next() {
            done.push((index, f(item)));
        }
        done
    };

    let outcomes: Vec<_> = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers.max(1).min(count)).map(|_| scope.spawn(work)).collect();
        let mine = panic::catch_unwind(panic::AssertUnwindSafe(work));
        let others = handles.into_iter().map(ScopedJoinHandle::join);
        others.chain([mine]).collect()
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
