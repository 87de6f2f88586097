//! The exercise's tests, against the solution.

extern crate alpn_pick_solution as alpn_pick;

#[path = "../../../../exercises/21-http2-and-tls/2-alpn-pick/tests/alpn_pick.rs"]
mod tests;
