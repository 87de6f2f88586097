//! The exercise's tests, against the solution.

extern crate oneshot_solution as oneshot;

#[path = "../../../../exercises/05-futures-by-hand/3-oneshot/tests/oneshot.rs"]
mod tests;
