//! The exercise's tests, against the solution.
extern crate lost_tail_solution as lost_tail;

#[path = "../../../../exercises/01-one-at-a-time/4-lost-tail/tests/lost_tail.rs"]
mod tests;
