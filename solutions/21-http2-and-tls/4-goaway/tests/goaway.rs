//! The exercise's tests, against the solution.

extern crate goaway_solution as goaway;

#[path = "../../../../exercises/21-http2-and-tls/4-goaway/tests/goaway.rs"]
mod tests;
