//! The exercise's tests, against the solution.

extern crate rolling_restart_solution as rolling_restart;

#[path = "../../../../exercises/23-tidepool/4-rolling-restart/tests/rolling_restart.rs"]
mod tests;
