//! The exercise's tests, against the solution.

extern crate parallel_map_solution as parallel_map;

#[path = "../../../../exercises/03-threads/4-parallel-map/tests/parallel_map.rs"]
mod tests;
