//! What a test learns from loom that it would not learn from taking turns alone.

use std::panic;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
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
