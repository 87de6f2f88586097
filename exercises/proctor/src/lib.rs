//! What the exercises' tests share: watchdogs, probes and scripted streams.
//!
//! A test of concurrent code fails in two ways that a plain `assert!` never sees: it hangs, or it passes by luck.
//! This crate turns a hang into a message that says which kind of hang it is ([`watch`], [`watch_async`]),
//! and makes counts, clocks and streams exact, so that nothing is left to luck
//! ([`count`], [`clock::TestClock`], [`script::Script`], [`splits`], [`threads::Meeting`], [`no_blocking`]).
//!
//! A test looks like this:
//!
//! ```
//! use std::io::Read;
//!
//! use proctor::script::Script;
//!
//! // In a test file this is `#[test] fn every_byte_arrives()`.
//! fn every_byte_arrives() {
//!     proctor::watch(|| {
//!         for split in proctor::splits(b"crab") {
//!             let mut stream = Script::new().gives_each(&split);
//!             let mut text = String::new();
//!             stream.read_to_string(&mut text).unwrap();
//!             assert_eq!(text, "crab", "when the input came as {split}");
//!         }
//!     });
//! }
//! # every_byte_arrives();
//! ```
//!
//! It leaves out: exploring the interleavings of threads (the exercises that need it use `shuttle`),
//! and anything that measures how fast an answer is.

pub mod blocking;
pub mod clock;
pub mod count;
pub mod script;
pub mod threads;

mod asynchronous;
mod cpu;
mod expect;
mod split;
mod watchdog;

pub use asynchronous::{watch_async, watch_local};
pub use blocking::no_blocking;
#[doc(hidden)]
pub use expect::differ;
pub use split::{Split, splits};
pub use watchdog::watch;
