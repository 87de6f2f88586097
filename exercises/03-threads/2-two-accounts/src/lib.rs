#![doc = include_str!("../README.md")]

use shuttle::sync::{Mutex, MutexGuard};

/// An account at the shell bank.
#[derive(Debug)]
pub struct Account {
    /// No two accounts have the same.
    pub number: u32,
    /// How many shells are in it.
    pub shells: Mutex<u64>,
}

impl Account {
    /// An account with so many shells.
    pub fn new(number: u32, shells: u64) -> Self {
        Self { number, shells: Mutex::new(shells) }
    }
}

/// There were not enough shells; none was moved.
#[derive(Debug, PartialEq, Eq)]
pub struct NotEnough;

/// Moves shells from one account to another, all of them or none.
///
/// # Errors
///
/// [`NotEnough`] if `from` has fewer than that.
pub fn transfer(from: &Account, to: &Account, shells: u64) -> Result<(), NotEnough> {
    todo!("lock, look, move")
}

/// How many shells there are in these accounts, at one moment.
pub fn audit(accounts: &[&Account]) -> u64 {
    todo!("lock, add")
}
