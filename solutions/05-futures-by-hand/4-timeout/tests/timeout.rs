//! The exercise's tests, against the solution.

extern crate timeout_solution as timeout;

#[path = "../../../../exercises/05-futures-by-hand/4-timeout/tests/timeout.rs"]
mod tests;
