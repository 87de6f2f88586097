//! The exercise's tests, against the solution.

extern crate join_two_solution as join_two;

#[path = "../../../../exercises/05-futures-by-hand/2-join-two/tests/join_two.rs"]
mod tests;
