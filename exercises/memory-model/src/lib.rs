//! Runs a test in every order of its threads' turns, and with every value that an atomic may show.
//!
//! loom explores what the memory model of C11 allows: a load that is `Relaxed` may return an old value, and in some run it does.
//! That is what it has over the package `interleavings`, whose Shuttle makes every atomic operation sequentially consistent,
//! and what makes it slower: it is for models of two or three threads and a handful of operations.
//!
//! Code under test takes its locks, atomics and threads from `loom::sync` and `loom::thread`.
//! They work as an ordinary dependency. The flag `--cfg loom` is the habit of crates that must also build without loom;
//! it would change every other crate's build, and takes `tokio::net` away.
//! The price is that such code runs inside of [`every`] and nowhere else.
//!
//! It leaves out `SeqCst`: loom takes a load or a store of that ordering for one with `Acquire` or `Release`,
//! so it may refute code that only `SeqCst` makes correct. A `fence(SeqCst)` it does know.

use std::cell::Cell;
use std::io::{self, Write};
use std::panic::{self, Location};
use std::process;
use std::sync::Once;
use std::thread;

/// Runs `test` once for every order of its threads and every value that its atomics may show.
///
/// A deadlock ends the process, with a message for the person whose code it is: loom cannot drop what is locked then,
/// and would abort with a message about a destructor.
///
/// # Panics
///
/// If one run makes `test` panic, or leaves a loom `Arc` behind.
#[track_caller]
pub fn every(test: impl Fn() + Send + Sync + 'static) {
    explain_deadlocks();
    CALLER.set(Some(Location::caller()));
    loom::model(test);
}

thread_local! {
    /// Who called [`every`] on this thread: all of loom's threads run on it.
    static CALLER: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
}

const DEADLOCK: &str = "Deadlock: every thread waits, for a lock that is taken or for a thread that waits itself, and none is left that could go on.\n\
    Look for two locks that one thread takes in one order and another thread in the other, \
    and for a thread that locks what it has locked already.";

/// Has loom's panic at a deadlock end the process, in the form of a panic in the test.
fn explain_deadlocks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_deadlock =
                info.payload_as_str().is_some_and(|said| said.starts_with("deadlock; threads = "));
            let (Some(caller), true) = (CALLER.get(), is_deadlock) else {
                return before(info);
            };
            let current = thread::current();
            let name = current.name().unwrap_or("<unnamed>");
            // Past libtest, which would keep what is printed until a test ends that never will.
            let _ =
                writeln!(io::stderr(), "\nthread '{name}' (1) panicked at {caller}:\n{DEADLOCK}\n");
            process::exit(101);
        }));
    });
}
