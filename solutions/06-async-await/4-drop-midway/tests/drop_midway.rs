//! The exercise's tests, against the solution.

extern crate drop_midway_solution as drop_midway;

#[path = "../../../../exercises/06-async-await/4-drop-midway/tests/drop_midway.rs"]
mod tests;
