//! The exercise's tests, against the solution.

extern crate accept_loop_solution as accept_loop;

#[path = "../../../../exercises/08-reactor/2-accept-loop/tests/accept_loop.rs"]
mod tests;
