//! The exercise's tests, against the solution.

extern crate head_and_lengths_solution as head_and_lengths;

#[path = "../../../../exercises/18-http-server/3-head-and-lengths/tests/head_and_lengths.rs"]
mod tests;
