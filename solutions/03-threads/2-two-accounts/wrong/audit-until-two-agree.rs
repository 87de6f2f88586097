//! A sum that comes out the same twice is right.
//!
//! caught by: an_audit_is_exact_while_shells_go_to_and_fro

use shuttle::sync::{Mutex, MutexGuard, PoisonError};

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
    if from.number == to.number {
        let enough = *lock(from) >= shells;
        return if enough { Ok(()) } else { Err(NotEnough) };
    }
    let (mut giver, mut taker);
    if from.number < to.number {
        giver = lock(from);
        taker = lock(to);
    } else {
        taker = lock(to);
        giver = lock(from);
    }
    *giver = giver.checked_sub(shells).ok_or(NotEnough)?;
    *taker += shells;
    Ok(())
}

/// How many shells there are in these accounts, at one moment.
pub fn audit(accounts: &[&Account]) -> u64 {
    let sum = || accounts.iter().map(|account| *lock(account)).sum();
    let mut before: u64 = sum();
    loop {
        let now = sum();
        if now == before {
            return now;
        }
        before = now;
    }
}

/// Nobody panics with an account locked, and if somebody did, the balance would still be one or the other.
fn lock(account: &Account) -> MutexGuard<'_, u64> {
    account.shells.lock().unwrap_or_else(PoisonError::into_inner)
}
