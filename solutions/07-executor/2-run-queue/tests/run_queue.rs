//! The exercise's tests, against the solution.

extern crate run_queue_solution as run_queue;

#[path = "../../../../exercises/07-executor/2-run-queue/tests/run_queue.rs"]
mod tests;
