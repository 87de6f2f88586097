//! What the state word and the inbox are built on.
//!
//! The models in `tests/models.rs` compile those two modules once more, with Loom's types in the place of these.

pub use std::sync::Mutex;
pub use std::sync::atomic::{AtomicU8, Ordering};
