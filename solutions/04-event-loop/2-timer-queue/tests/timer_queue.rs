//! The exercise's tests, against the solution.
extern crate timer_queue_solution as timer_queue;

#[path = "../../../../exercises/04-event-loop/2-timer-queue/tests/timer_queue.rs"]
mod tests;
