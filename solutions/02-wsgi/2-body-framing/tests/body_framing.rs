//! The exercise's tests, against the solution.

extern crate body_framing_solution as body_framing;

#[path = "../../../../exercises/02-wsgi/2-body-framing/tests/body_framing.rs"]
mod tests;
