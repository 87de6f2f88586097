//! Each kind of hang, and the message that it fails with.
//!
//! A case hangs on purpose, so each runs in a process of its own, with a bound of a second.
//! That the process ends shows that a hung thread does not keep it.

use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};

/// Runs one of the cases below as `cargo test` would, and returns what it prints of its panic, from the place on.
fn failure_of(case: &str, arguments: &[&str]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", case])
        .args(arguments)
        .env("PROCTOR_SECONDS", "1")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(101), "{case} must fail:\n{text}");
    let (_, panic) = text
        .split_once("' (")
        .unwrap_or_else(|| panic!("{case} must panic once:\n{text}"));
    let (_, panic) = panic.split_once(") panicked at ").unwrap();
    let (panic, _) = panic.split_once("\nnote: run with").unwrap();
    assert!(
        !panic.contains("panicked at"),
        "{case} must panic once:\n{text}"
    );
    panic.to_owned()
}

/// The failure's message, which must have its place in this file.
fn message_of(case: &str) -> String {
    let panic = failure_of(case, &[]);
    let (place, message) = panic.split_once(":\n").unwrap();
    assert!(
        place.starts_with("exercises/proctor/tests/hangs.rs:"),
        "{case} panics at {place}"
    );
    message.to_owned()
}

#[test]
fn a_blocked_thread() {
    let message = message_of("cases::blocked");
    let expected = "cases::blocked hangs: after 1 s its thread is blocked: it waits, and uses no processor time.\n\
        Some call never came back. Look for a read that waits for more than will ever come, \
        a lock that this thread or another holds already, a `join` or `recv` whose other side never ends.";
    assert_eq!(message, expected);
}

#[test]
fn a_thread_that_spins() {
    let message = message_of("cases::spins");
    let expected = "cases::spins hangs: after 1 s its thread spins: it runs all the time, and gets nowhere.\n\
        Look for a loop with no exit: a read's `Ok(0)` (the end of the input) that is not taken as the end, \
        an error that is tried again for ever, a position that is not moved on.";
    assert_eq!(message, expected);
}

#[test]
fn the_name_is_known_without_a_thread_of_the_harness() {
    let panic = failure_of("cases::spins", &["--test-threads=1"]);
    assert!(panic.contains("\ncases::spins hangs: after 1 s"), "{panic}");
}

mod cases {
    use super::*;

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn blocked() {
        proctor::watch(|| {
            let lock = Mutex::new(());
            let (_sender, receiver) = mpsc::channel::<()>();
            let _held = lock.lock();
            receiver.recv()
        })
        .unwrap();
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn spins() {
        proctor::watch(|| {
            loop {
                std::hint::spin_loop();
            }
        });
    }
}
