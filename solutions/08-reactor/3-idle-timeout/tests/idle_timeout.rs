//! The exercise's tests, against the solution.

extern crate idle_timeout_solution as idle_timeout;

#[path = "../../../../exercises/08-reactor/3-idle-timeout/tests/idle_timeout.rs"]
mod tests;
