//! The exercise's tests, against the solution.

extern crate timing_middleware_solution as timing_middleware;

#[path = "../../../../exercises/17-gateway/2-timing-middleware/tests/timing_middleware.rs"]
mod tests;
