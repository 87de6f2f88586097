//! The exercise's tests, against the solution.

extern crate access_log_solution as access_log;

#[path = "../../../../exercises/02-wsgi/3-access-log/tests/access_log.rs"]
mod tests;
