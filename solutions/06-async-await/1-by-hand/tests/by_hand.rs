//! The exercise's tests, against the solution.

extern crate by_hand_solution as by_hand;

#[path = "../../../../exercises/06-async-await/1-by-hand/tests/by_hand.rs"]
mod tests;
