//! The exercise's tests, against the solution.

extern crate virtual_clock_solution as virtual_clock;

#[path = "../../../../exercises/07-executor/4-virtual-clock/tests/virtual_clock.rs"]
mod tests;
