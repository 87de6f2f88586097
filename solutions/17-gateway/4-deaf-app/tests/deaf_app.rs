//! The exercise's tests, against the solution.

extern crate deaf_app_solution as deaf_app;

#[path = "../../../../exercises/17-gateway/4-deaf-app/tests/deaf_app.rs"]
mod tests;
