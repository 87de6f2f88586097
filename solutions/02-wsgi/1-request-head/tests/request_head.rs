//! The exercise's tests, against the solution.

extern crate request_head_solution as request_head;

#[path = "../../../../exercises/02-wsgi/1-request-head/tests/request_head.rs"]
mod tests;
