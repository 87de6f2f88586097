//! The exercise's tests, against the solution.

extern crate no_lifespan_solution as no_lifespan;

#[path = "../../../../exercises/19-lifespan/3-no-lifespan/tests/no_lifespan.rs"]
mod tests;
