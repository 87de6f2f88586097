//! What the channel and the flag of `block_on` are built on.
//!
//! The models in `tests/models.rs` compile those two modules once more, with loom's types in the place of these.

pub use std::sync::Mutex;
pub use std::sync::MutexGuard;
pub use std::sync::atomic::{AtomicBool, Ordering};
pub use std::thread::{self, Thread};
