//! Any function of the numbers puts the locks in a line.
//!
//! caught by: far_apart_numbers_have_an_order_too

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
    if from.number % 4 < to.number % 4 {
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
    let mut in_line = accounts.to_vec();
    in_line.sort_by_key(|account| account.number % 4);
    let locked: Vec<_> = in_line.into_iter().map(lock).collect();
    locked.iter().map(|shells| **shells).sum()
}

/// Nobody panics with an account locked, and if somebody did, the balance would still be one or the other.
fn lock(account: &Account) -> MutexGuard<'_, u64> {
    account.shells.lock().unwrap_or_else(PoisonError::into_inner)
}
