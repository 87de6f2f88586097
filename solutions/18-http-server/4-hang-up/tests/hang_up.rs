//! The exercise's tests, against the solution.

extern crate hang_up_solution as hang_up;

#[path = "../../../../exercises/18-http-server/4-hang-up/tests/hang_up.rs"]
mod tests;
