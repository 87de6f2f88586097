//! The exercise's tests, against the solution.
extern crate exhibition_solution as exhibition;

#[path = "../../../../exercises/01-one-at-a-time/1-exhibition/tests/exhibition.rs"]
mod tests;
