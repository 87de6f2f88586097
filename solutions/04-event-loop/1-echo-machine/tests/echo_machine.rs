//! The exercise's tests, against the solution.
extern crate echo_machine_solution as echo_machine;

#[path = "../../../../exercises/04-event-loop/1-echo-machine/tests/echo_machine.rs"]
mod tests;
