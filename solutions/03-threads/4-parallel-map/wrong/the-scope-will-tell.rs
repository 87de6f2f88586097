//! A scope passes on the panics of its threads.
//!
//! caught by: a_panic_arrives_as_it_was_thrown

use std::sync::Mutex;
use std::thread;

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
    thread::scope(|scope| {
        for _ in 0..workers.min(count) {
            scope.spawn(|| {
                while let Some((index, item)) = next() {
                    let result = f(item);
                    results
                        .lock()
                        .expect("nothing panics while it holds the results")
                        .push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("nothing panics while it holds the results");
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
