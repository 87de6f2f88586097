//! The exercise's tests, against the solution.

extern crate countdown_solution as countdown;

#[path = "../../../../exercises/05-futures-by-hand/1-countdown/tests/countdown.rs"]
mod tests;
