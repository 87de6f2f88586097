//! The exercise's tests, against the solution.

extern crate make_it_send_solution as make_it_send;

#[path = "../../../../exercises/06-async-await/2-make-it-send/tests/make_it_send.rs"]
mod tests;
