//! What a test of threads learns from trying the orders of turns.

use std::collections::BTreeSet;
use std::panic;
use std::sync::{Arc, Mutex as Notebook};

use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicU32, Ordering};
use shuttle::thread;

/// The message with which `check` panics.
fn message_of(check: impl FnOnce() + panic::UnwindSafe) -> String {
    let payload = panic::catch_unwind(check).expect_err("an order must fail");
    payload.downcast_ref::<String>().expect("the message is a String").clone()
}

/// Two threads each read a counter and write back one more. Returns where it ends.
fn count_twice_carelessly() -> u32 {
    let counter = Arc::new(AtomicU32::new(0));
    let threads = [(); 2].map(|()| {
        let counter = Arc::clone(&counter);
        thread::spawn(move || {
            let seen = counter.load(Ordering::SeqCst);
            counter.store(seen + 1, Ordering::SeqCst);
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    counter.load(Ordering::SeqCst)
}

#[test]
fn every_order_is_tried() {
    let ends = Arc::new(Notebook::new(BTreeSet::new()));
    let noted = Arc::clone(&ends);
    interleavings::every(move || {
        noted.lock().unwrap().insert(count_twice_carelessly());
    });
    assert_eq!(
        *ends.lock().unwrap(),
        BTreeSet::from([1, 2]),
        "one count is lost in some orders and none in others"
    );
}

#[test]
fn a_failure_says_what_where_and_in_which_order() {
    let message = message_of(|| {
        interleavings::every(|| assert_eq!(count_twice_carelessly(), 2, "a count is lost"));
    });
    assert!(message.contains("a count is lost"), "{message}");
    assert!(message.contains(" of interleavings.rs"), "{message}");
    assert!(message.contains("in order "), "{message}");
    let turns = message.rsplit_once(": ").expect("the turns stand last").1;
    assert!(turns.contains('0') && turns.contains('1') && turns.contains('2'), "{message}");
}

#[test]
fn the_same_orders_are_tried_each_time() {
    let check = || interleavings::some(100, || assert_eq!(count_twice_carelessly(), 2));
    assert_eq!(message_of(check), message_of(check));
}

#[test]
fn a_deadlock_is_called_one() {
    let message = message_of(|| {
        interleavings::every(|| {
            let locks = Arc::new((Mutex::new(()), Mutex::new(())));
            let other = Arc::clone(&locks);
            let thread = thread::spawn(move || {
                let _one = other.0.lock().unwrap();
                let _two = other.1.lock().unwrap();
            });
            let two = locks.1.lock().unwrap();
            let one = locks.0.lock().unwrap();
            drop((one, two));
            thread.join().unwrap();
        });
    });
    assert!(
        message.starts_with("Deadlock: 2 threads wait"),
        "two threads wait for each other, but the message says: {message}"
    );
}

#[test]
fn a_deadlock_is_explained_in_the_words_of_the_test() {
    let message = message_of(|| {
        interleavings::every_explained("Nobody rang the bell.", thread::park);
    });
    // A thread that is alone has no order of turns to tell of.
    assert_eq!(
        message,
        "Deadlock: a thread waits, and no thread is left that could wake them. Nobody rang the bell."
    );
}

#[test]
fn a_thread_that_locks_twice_is_told_so() {
    let message = message_of(|| {
        interleavings::every(|| {
            let lock = Mutex::new(());
            let _held = lock.lock().unwrap();
            let _again = lock.lock().unwrap();
        });
    });
    assert!(message.contains("that it holds already"), "{message}");
}

#[test]
fn a_caught_panic_is_no_failure() {
    interleavings::every(|| {
        let caught = thread::spawn(|| panic::catch_unwind(|| panic!("caught")).is_err());
        assert!(caught.join().unwrap());
    });
}

#[test]
fn threads_that_only_give_way_to_each_other_do_not_go_on_for_ever() {
    interleavings::every(|| {
        let lock = Arc::new(Mutex::new(()));
        let other = Arc::clone(&lock);
        let thread = thread::spawn(move || {
            let _held = other.lock().unwrap();
        });
        while lock.try_lock().is_err() {
            thread::yield_now();
        }
        thread.join().unwrap();
    });
}

#[test]
fn a_thread_that_goes_round_and_round_alone_is_left() {
    let ends = Arc::new(Notebook::new(0));
    let noted = Arc::clone(&ends);
    interleavings::every(move || {
        let flag = AtomicU32::new(0);
        while flag.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        *noted.lock().unwrap() += 1;
    });
    assert_eq!(*ends.lock().unwrap(), 0, "nobody raises the flag, and yet the loop has ended");
}
