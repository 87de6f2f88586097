//! The exercise's tests, against the solution.

extern crate lost_wakeup_solution as lost_wakeup;

#[path = "../../../../exercises/08-reactor/4-lost-wakeup/tests/lost_wakeup.rs"]
mod tests;
