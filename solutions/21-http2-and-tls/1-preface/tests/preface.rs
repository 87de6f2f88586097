//! The exercise's tests, against the solution.

extern crate preface_solution as preface;

#[path = "../../../../exercises/21-http2-and-tls/1-preface/tests/preface.rs"]
mod tests;
