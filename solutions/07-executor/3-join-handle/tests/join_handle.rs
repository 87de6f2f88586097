//! The exercise's tests, against the solution.

extern crate join_handle_solution as join_handle;

#[path = "../../../../exercises/07-executor/3-join-handle/tests/join_handle.rs"]
mod tests;
