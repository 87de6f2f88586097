//! The exercise's tests, against the solution.

extern crate hit_counter_solution as hit_counter;

#[path = "../../../../exercises/03-threads/1-hit-counter/tests/hit_counter.rs"]
mod tests;
