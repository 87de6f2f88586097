//! The exercise's tests, against the solution.

extern crate two_wakers_solution as two_wakers;

#[path = "../../../../exercises/08-reactor/1-two-wakers/tests/two_wakers.rs"]
mod tests;
