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

/// Runs `test` once for every order of its threads and every value that its atomics may show.
///
/// # Panics
///
/// If one run makes `test` panic, leaves all its threads waiting for one another, or leaves a loom `Arc` behind.
#[track_caller]
pub fn every(test: impl Fn() + Send + Sync + 'static) {
    loom::model(test);
}
