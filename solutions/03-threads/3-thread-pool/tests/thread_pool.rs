//! The exercise's tests, against the solution.

extern crate thread_pool_solution as thread_pool;

#[path = "../../../../exercises/03-threads/3-thread-pool/tests/thread_pool.rs"]
mod tests;
