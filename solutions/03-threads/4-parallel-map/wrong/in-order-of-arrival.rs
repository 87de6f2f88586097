//! Items that are begun in order are finished in order.
//!
//! caught by: results_keep_the_order_of_the_items

use std::panic;
use std::sync::Mutex;
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
    // The guard is dropped when this returns, before anybody works on the item.
    let next = || items.lock().expect("nothing panics while it holds the items").next();
    let results = Mutex::new(Vec::with_capacity(count));
    let work = || {
        while let Some((_, item)) = next() {
            let result = f(item);
            results.lock().expect("nothing panics while it holds the results").push(result);
        }
    };

    let outcomes: Vec<_> = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers.min(count)).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(ScopedJoinHandle::join).collect()
    });
    for outcome in outcomes {
        outcome.unwrap_or_else(|payload| panic::resume_unwind(payload));
    }
    results.into_inner().expect("nothing panics while it holds the results")
}
