//! The exercise's tests, against the solution.

extern crate token_bucket_solution as token_bucket;

#[path = "../../../../exercises/23-tidepool/2-token-bucket/tests/token_bucket.rs"]
mod tests;
