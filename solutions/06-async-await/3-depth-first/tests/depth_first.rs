//! The exercise's tests, against the solution.

extern crate depth_first_solution as depth_first;

#[path = "../../../../exercises/06-async-await/3-depth-first/tests/depth_first.rs"]
mod tests;
