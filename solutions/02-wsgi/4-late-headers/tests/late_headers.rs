//! The exercise's tests, against the solution.

extern crate late_headers_solution as late_headers;

#[path = "../../../../exercises/02-wsgi/4-late-headers/tests/late_headers.rs"]
mod tests;
