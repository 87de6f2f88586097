//! The exercise's tests, against the solution.

extern crate reassemble_solution as reassemble;

#[path = "../../../../exercises/20-websockets/2-reassemble/tests/reassemble.rs"]
mod tests;
