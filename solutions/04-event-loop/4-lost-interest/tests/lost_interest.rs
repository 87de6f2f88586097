//! The exercise's tests, against the solution.
extern crate lost_interest_solution as lost_interest;

#[path = "../../../../exercises/04-event-loop/4-lost-interest/tests/lost_interest.rs"]
mod tests;
