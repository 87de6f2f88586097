//! The exercise's tests, against the solution.

extern crate echo_app_solution as echo_app;

#[path = "../../../../exercises/17-gateway/1-echo-app/tests/echo_app.rs"]
mod tests;
