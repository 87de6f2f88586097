//! What a test learns from loom that it would not learn from taking turns alone.

use std::panic;
use std::process::Command;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// Each of two threads raises its flag and looks at the other's. Fails if neither sees the other.
fn two_flags(write: Ordering, read: Ordering) -> bool {
    panic::catch_unwind(|| {
        memory_model::every(move || {
            let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
            let theirs = Arc::clone(&flags);
            let other = thread::spawn(move || {
                theirs[1].store(true, write);
                theirs[0].load(read)
            });
            flags[0].store(true, write);
            let seen = flags[1].load(read);
            assert!(other.join().unwrap() || seen, "neither has seen the other");
        });
    })
    .is_ok()
}

#[test]
fn a_thread_may_read_before_its_own_write_is_seen() {
    assert!(!two_flags(Ordering::Release, Ordering::Acquire));
}

#[test]
fn what_is_written_before_a_release_is_seen_after_the_acquire() {
    memory_model::every(|| {
        let shared = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            theirs.0.store(true, Ordering::Relaxed);
            theirs.1.store(true, Ordering::Release);
        });
        if shared.1.load(Ordering::Acquire) {
            assert!(shared.0.load(Ordering::Relaxed));
        }
        other.join().unwrap();
    });
}

/// Runs one of the cases below as `cargo test` would.
fn said_by(case: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", case])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(101), "{case} must fail, and not be aborted");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_deadlock_is_explained() {
    for case in ["cases::two_orders", "cases::locked_twice"] {
        let said = said_by(case);
        let expected = format!("thread '{case}' (1) panicked at exercises/memory-model/tests/");
        assert!(said.contains(&expected), "{case}: {said}");
        assert!(said.contains("\nDeadlock: every thread waits"), "{case}: {said}");
        assert!(!said.contains("destructor"), "{case}: {said}");
    }
}

/// Tests that deadlock.
mod cases {
    use super::{Arc, Mutex, thread};

    #[test]
    #[ignore = "deadlocks on purpose"]
    fn two_orders() {
        memory_model::every(|| {
            let locks = Arc::new((Mutex::new(()), Mutex::new(())));
            let theirs = Arc::clone(&locks);
            let other = thread::spawn(move || {
                let _second = theirs.1.lock().unwrap();
                let _first = theirs.0.lock().unwrap();
            });
            let first = locks.0.lock().unwrap();
            let second = locks.1.lock().unwrap();
            drop((first, second));
            other.join().unwrap();
        });
    }

    #[test]
    #[ignore = "deadlocks on purpose"]
    fn locked_twice() {
        memory_model::every(|| {
            let lock = Mutex::new(());
            let _once = lock.lock().unwrap();
            let _twice = lock.lock().unwrap();
        });
    }
}
