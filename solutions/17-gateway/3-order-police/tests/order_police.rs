//! The exercise's tests, against the solution.

extern crate order_police_solution as order_police;

#[path = "../../../../exercises/17-gateway/3-order-police/tests/order_police.rs"]
mod tests;
