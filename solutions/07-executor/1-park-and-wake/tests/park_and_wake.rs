//! The exercise's tests, against the solution.

extern crate park_and_wake_solution as park_and_wake;

#[path = "../../../../exercises/07-executor/1-park-and-wake/tests/park_and_wake.rs"]
mod tests;
