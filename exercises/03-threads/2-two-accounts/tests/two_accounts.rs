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

/// Two accounts with these numbers and 5 shells each.
fn numbered(numbers: [u32; 2]) -> Arc<[Account; 2]> {
    Arc::new(numbers.map(|number| Account::new(number, 5)))
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

#[test]
fn far_apart_numbers_have_an_order_too() {
    for numbers in [[1, 5], [1, 257], [7, 4_000_000_000]] {
        in_every_order(move || {
            let bank = numbered(numbers);
            let other = Arc::clone(&bank);
            let thread = thread::spawn(move || transfer(&other[1], &other[0], 2));
            proctor::expect_eq!(transfer(&bank[0], &bank[1], 1), Ok(()), "numbers {numbers:?}");
            proctor::expect_eq!(thread.join().unwrap(), Ok(()), "numbers {numbers:?}, back");
        });
        in_every_order(move || {
            let bank = numbered(numbers);
            let other = Arc::clone(&bank);
            let thread = thread::spawn(move || audit(&[&other[1], &other[0]]));
            proctor::expect_eq!(audit(&[&bank[0], &bank[1]]), 10, "numbers {numbers:?}");
            proctor::expect_eq!(thread.join().unwrap(), 10, "numbers {numbers:?}, reversed");
        });
    }
}

#[test]
fn an_audit_of_many_accounts_is_exact() {
    for (from, to) in [(0, 2), (2, 0)] {
        in_every_order(move || {
            let bank = accounts([5, 5, 5]);
            let other = Arc::clone(&bank);
            let thread = thread::spawn(move || transfer(&other[from], &other[to], 3));
            let counted = audit(&[&bank[0], &bank[1], &bank[2]]);
            proctor::expect_eq!(counted, 15, "three accounts, while shells go from {from} to {to}");
            proctor::expect_eq!(thread.join().unwrap(), Ok(()), "3 of 5 shells");
        });
    }
    for (from, to) in [(0, 4), (1, 3), (4, 0)] {
        proctor::watch(move || {
            interleavings::some(500, move || {
                let bank = accounts([5, 5, 5, 5, 5]);
                let other = Arc::clone(&bank);
                let thread = thread::spawn(move || transfer(&other[from], &other[to], 3));
                let counted = audit(&bank.each_ref());
                proctor::expect_eq!(
                    counted,
                    25,
                    "five accounts, while shells go from {from} to {to}"
                );
                proctor::expect_eq!(thread.join().unwrap(), Ok(()), "3 of 5 shells");
            });
        });
    }
}

#[test]
fn an_audit_is_exact_while_shells_go_to_and_fro() {
    let test = || {
        let bank = accounts([5, 5]);
        let other = Arc::clone(&bank);
        let thread = thread::spawn(move || {
            let [one, two] = &*other;
            for (from, to) in [(one, two), (two, one), (one, two)] {
                proctor::expect_eq!(transfer(from, to, 3), Ok(()), "3 shells");
            }
        });
        let counted = audit(&bank.each_ref());
        proctor::expect_eq!(counted, 10, "10 shells are in the bank, wherever they are");
        thread.join().unwrap();
    };
    in_every_order(test);
    proctor::watch(move || interleavings::shuffled(8_000, test));
}

#[test]
fn a_transfer_does_not_wait_for_other_accounts() {
    in_every_order(|| {
        let bank = accounts([5, 5, 5, 5]);
        // Somebody keeps account 3, so a transfer from 3 to 4 has to wait. The one from 1 to 2 has not.
        let kept = bank[2].shells.lock().unwrap();
        let other = Arc::clone(&bank);
        let thread = thread::spawn(move || transfer(&other[2], &other[3], 1));
        proctor::expect_eq!(transfer(&bank[0], &bank[1], 1), Ok(()), "from 1 to 2");
        drop(kept);
        proctor::expect_eq!(thread.join().unwrap(), Ok(()), "from 3 to 4");
    });
}
