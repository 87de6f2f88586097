//! Four workers need a quarter of the list each.
//!
//! caught by: a_slow_item_holds_up_one_worker_only

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
    let mut rest = items.into_iter();
    let size = rest.len().div_ceil(workers).max(1);
    let mut chunks = Vec::new();
    while rest.len() > 0 {
        chunks.push(rest.by_ref().take(size).collect::<Vec<_>>());
    }
    thread::scope(|scope| {
        let f = &f;
        let handles: Vec<_> = chunks
            .into_iter()
            .map(|chunk| scope.spawn(move || chunk.into_iter().map(f).collect::<Vec<_>>()))
            .collect();
        let outcomes: Vec<_> = handles.into_iter().map(ScopedJoinHandle::join).collect();
        outcomes
            .into_iter()
            .flat_map(|outcome| outcome.unwrap_or_else(|payload| panic::resume_unwind(payload)))
            .collect()
    })
}
