//! The channel, and the flag of `block_on`, under loom: orders of turns, and the values that weak memory lets a load see.
//!
//! The two modules are compiled once more here, with loom's types in the place of the standard library's.

/// Stands in for the library's module of this name.
mod sync {
    pub use loom::sync::atomic::{AtomicBool, Ordering};
    pub use loom::sync::{Mutex, MutexGuard};
    pub use loom::thread::{self, Thread};
}
#[path = "../src/block_on.rs"]
mod block_on;
#[path = "../src/oneshot.rs"]
mod oneshot;

use std::future::poll_fn;
use std::task::Poll;

use block_on::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};

/// Tries all orders with three preemptions at most; without the bound the search takes ten times as long.
fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

#[test]
fn a_value_arrives_whenever_it_is_sent() {
    model(|| {
        let (sender, receiver) = oneshot::channel();
        loom::thread::spawn(move || sender.send(7));
        // Loom reports a receiver that sleeps for ever as a deadlock.
        assert_eq!(block_on(receiver), 7);
    });
}

#[test]
fn what_was_written_before_any_of_several_wakes_is_seen() {
    model(|| {
        // Nothing orders these two but the wakes. A flag that lost what the first of two had to say would leave
        // the thread asleep with a value that it has not seen, which loom reports as a deadlock.
        let told = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let mut started = false;
        let seen = Arc::clone(&told);
        block_on(poll_fn(move |context| {
            if !std::mem::replace(&mut started, true) {
                for which in 0..2 {
                    let (told, waker) = (Arc::clone(&told), context.waker().clone());
                    loom::thread::spawn(move || {
                        told[which].store(true, Ordering::Relaxed);
                        waker.wake();
                    });
                }
            }
            if seen.iter().all(|told| told.load(Ordering::Relaxed)) {
                return Poll::Ready(());
            }
            Poll::Pending
        }));
    });
}
