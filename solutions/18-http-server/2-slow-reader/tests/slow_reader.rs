//! The exercise's tests, against the solution.

extern crate slow_reader_solution as slow_reader;

#[path = "../../../../exercises/18-http-server/2-slow-reader/tests/slow_reader.rs"]
mod tests;
