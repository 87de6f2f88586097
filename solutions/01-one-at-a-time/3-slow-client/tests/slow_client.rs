//! The exercise's tests, against the solution.
extern crate slow_client_solution as slow_client;

#[path = "../../../../exercises/01-one-at-a-time/3-slow-client/tests/slow_client.rs"]
mod tests;
