//! The exercise's tests, against the solution.

extern crate drain_solution as drain;

#[path = "../../../../exercises/19-lifespan/2-drain/tests/drain.rs"]
mod tests;
