//! The exercise's tests, against the solution.

extern crate warm_cache_solution as warm_cache;

#[path = "../../../../exercises/19-lifespan/1-warm-cache/tests/warm_cache.rs"]
mod tests;
