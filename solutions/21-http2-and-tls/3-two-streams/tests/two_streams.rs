//! The exercise's tests, against the solution.

extern crate two_streams_solution as two_streams;

#[path = "../../../../exercises/21-http2-and-tls/3-two-streams/tests/two_streams.rs"]
mod tests;
