//! The exercise's tests, against the solution.
extern crate fair_turns_solution as fair_turns;

#[path = "../../../../exercises/04-event-loop/3-fair-turns/tests/fair_turns.rs"]
mod tests;
