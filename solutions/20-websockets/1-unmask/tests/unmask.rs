//! The exercise's tests, against the solution.

extern crate unmask_solution as unmask;

#[path = "../../../../exercises/20-websockets/1-unmask/tests/unmask.rs"]
mod tests;
