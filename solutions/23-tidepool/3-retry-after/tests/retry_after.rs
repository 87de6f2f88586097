//! The exercise's tests, against the solution.

extern crate retry_after_solution as retry_after;

#[path = "../../../../exercises/23-tidepool/3-retry-after/tests/retry_after.rs"]
mod tests;
