#![doc = include_str!("../README.md")]

use std::panic;
use std::sync::Mutex;
use std::thread;

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
    todo!("start the workers, let each take items until none is left, put the results in order")
}
