//! What the exercises' tests share: watchdogs, probes and scripted streams.
//!
//! A test of concurrent code fails in two ways that a plain `assert!` never sees: it hangs, or it passes by luck.
//! This crate turns a hang into a message that says which kind of hang it is ([`watch`], [`watch_async`], [`VirtualWatch`]),
//! and makes counts, clocks and streams exact, so that nothing is left to luck
//! ([`count`], [`memory`], [`clock::TestClock`], [`script::Script`], [`splits`], [`threads::Meeting`], [`no_blocking`]).
//! What is compared is compared with [`expect_eq!`], whose message says which value is the learner's.
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
//!             proctor::expect_eq!(text, "crab", "the text, when the input came as {split}");
//!         }
//!     });
//! }
//! # every_byte_arrives();
//! ```
//!
//! It leaves out: trying the orders in which threads can take turns (the package `interleavings` does that),
//! and anything that measures how fast an answer is.

pub mod blocking;
pub mod clock;
pub mod count;
pub mod memory;
pub mod script;
pub mod threads;

mod asynchronous;
mod cpu;
mod expect;
mod split;
mod virtual_clock;
mod watchdog;

pub use asynchronous::{watch_async, watch_local};
pub use blocking::no_blocking;
#[doc(hidden)]
pub use expect::differ;
pub use split::{Split, splits};
pub use virtual_clock::VirtualWatch;
pub use watchdog::watch;
