//! The exercise's tests, against the solution.

extern crate forwarded_for_solution as forwarded_for;

#[path = "../../../../exercises/23-tidepool/1-forwarded-for/tests/forwarded_for.rs"]
mod tests;
