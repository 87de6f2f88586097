//! The exercise's tests, against the solution.

extern crate close_dance_solution as close_dance;

#[path = "../../../../exercises/20-websockets/3-close-dance/tests/close_dance.rs"]
mod tests;
