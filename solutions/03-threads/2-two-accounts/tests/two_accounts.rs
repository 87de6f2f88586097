//! The exercise's tests, against the solution.

extern crate two_accounts_solution as two_accounts;

#[path = "../../../../exercises/03-threads/2-two-accounts/tests/two_accounts.rs"]
mod tests;
