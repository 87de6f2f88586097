//! Transfers and audits, in every order in which their steps can fall.

use shuttle::sync::Arc;
use shuttle::thread;
use two_accounts::{Account, NotEnough, audit, transfer};

fn in_every_order(test: impl Fn() + Send + Sync + 'static) {
    proctor::watch(|| interleavings::every(test));
}

/// Accounts numbered from 1, with so many shells in each.
fn accounts<const N: usize>(shells: [u64; N]) -> Arc<[Account; N]> {
    let mut number = 0;
    Arc::new(shells.map(|shells| {
        number += 1;
        Account::new(number, shells)
    }))
}

fn shells_in<const N: usize>(accounts: &[Account; N]) -> [u64; N] {
    accounts.each_ref().map(|account| *account.shells.lock().unwrap())
}

#[test]
fn one_transfer_after_another() {
    in_every_order(|| {
        let bank = accounts([5, 2]);
        let [one, two] = &*bank;
        proctor::expect_eq!(transfer(one, two, 3), Ok(()), "3 of 5 shells");
        proctor::expect_eq!(shells_in(&bank), [2, 5], "after 3 shells went from 5 and 2");
        proctor::expect_eq!(transfer(two, one, 5), Ok(()), "all of 5 shells");
        proctor::expect_eq!(shells_in(&bank), [7, 0], "after 5 shells went back");
        proctor::expect_eq!(transfer(two, one, 1), Err(NotEnough), "1 of 0 shells");
        proctor::expect_eq!(shells_in(&bank), [7, 0], "after a transfer that failed");
        proctor::expect_eq!(audit(&[two, one]), 7, "the audit of both");
        proctor::expect_eq!(audit(&[one]), 7, "the audit of the first alone");
        proctor::expect_eq!(audit(&[]), 0, "the audit of no account");
    });
}

#[test]
fn a_transfer_to_itself_changes_nothing() {
    in_every_order(|| {
        let bank = accounts([5]);
        let [one] = &*bank;
        proctor::expect_eq!(transfer(one, one, 5), Ok(()), "5 of 5 shells to itself");
        proctor::expect_eq!(shells_in(&bank), [5], "after 5 shells went nowhere");
        proctor::expect_eq!(transfer(one, one, 6), Err(NotEnough), "6 of 5 shells to itself");
        proctor::expect_eq!(shells_in(&bank), [5], "after a transfer that failed");
    });
}

#[test]
fn opposite_transfers_both_finish() {
    in_every_order(|| {
        let bank = accounts([5, 5]);
        let other = Arc::clone(&bank);
        let thread = thread::spawn(move || transfer(&other[1], &other[0], 2));
        proctor::expect_eq!(transfer(&bank[0], &bank[1], 1), Ok(()), "from 1 to 2");
        proctor::expect_eq!(thread.join().unwrap(), Ok(()), "from 2 to 1");
        proctor::expect_eq!(shells_in(&bank), [6, 4], "after 1 and 2 shells crossed");
    });
}

#[test]
fn three_transfers_in_a_circle_finish() {
    proctor::watch(|| {
        interleavings::some(500, || {
            let bank = accounts([5, 5, 5]);
            let threads: Vec<_> = (0..3)
                .map(|from| {
                    let bank = Arc::clone(&bank);
                    thread::spawn(move || transfer(&bank[from], &bank[(from + 1) % 3], 1))
                })
                .collect();
            for thread in threads {
                proctor::expect_eq!(thread.join().unwrap(), Ok(()), "one step of the circle");
            }
            proctor::expect_eq!(shells_in(&bank), [5, 5, 5], "after one shell each went on");
        });
    });
}

#[test]
fn the_same_shells_are_not_spent_twice() {
    in_every_order(|| {
        let bank = accounts([5, 0]);
        let other = Arc::clone(&bank);
        let thread = thread::spawn(move || transfer(&other[0], &other[1], 4));
        let mine = transfer(&bank[0], &bank[1], 4);
        let theirs = thread.join().unwrap();
        proctor::expect_eq!(
            [mine, theirs].iter().filter(|done| done.is_ok()).count(),
            1,
            "two transfers wanted 4 of the same 5 shells: one gets them"
        );
        proctor::expect_eq!(shells_in(&bank), [1, 4], "after one of them");
    });
}

#[test]
fn an_audit_never_misses_a_shell_on_its_way() {
    in_every_order(|| {
        let bank = accounts([5, 5]);
        let other = Arc::clone(&bank);
        let thread = thread::spawn(move || transfer(&other[0], &other[1], 3));
        proctor::expect_eq!(
            audit(&[&bank[0], &bank[1]]),
            10,
            "10 shells are in the bank, before, during and after a transfer"
        );
        proctor::expect_eq!(thread.join().unwrap(), Ok(()), "3 of 5 shells");
    });
}

#[test]
fn an_audit_in_any_order_finishes() {
    in_every_order(|| {
        let bank = accounts([5, 5]);
        let other = Arc::clone(&bank);
        let thread = thread::spawn(move || audit(&[&other[1], &other[0]]));
        proctor::expect_eq!(audit(&[&bank[0], &bank[1]]), 10, "the accounts 1 and 2");
        proctor::expect_eq!(thread.join().unwrap(), 10, "the accounts 2 and 1");
    });
    in_every_order(|| {
        let bank = accounts([5, 5]);
        let other = Arc::clone(&bank);
        let thread = thread::spawn(move || transfer(&other[0], &other[1], 3));
        proctor::expect_eq!(
            audit(&[&bank[1], &bank[0]]),
            10,
            "the accounts 2 and 1, while shells go from 1 to 2"
        );
        proctor::expect_eq!(thread.join().unwrap(), Ok(()), "3 of 5 shells");
    });
}
