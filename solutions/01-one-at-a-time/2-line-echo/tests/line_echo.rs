//! The exercise's tests, against the solution.
extern crate line_echo_solution as line_echo;

#[path = "../../../../exercises/01-one-at-a-time/2-line-echo/tests/line_echo.rs"]
mod tests;
