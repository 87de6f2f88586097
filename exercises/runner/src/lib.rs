//! The exercise companion, `cargo learn`: leads through the exercises, and proves them.
//!
//! What exercises there are, it asks the [`catalogue`]; what they share in their tests is in `proctor`.

pub mod cargo;
pub mod cli;
pub mod commands;
pub mod discussion;
pub mod libtest;
pub mod markdown;
pub mod process;
pub mod progress;
pub mod prove;
pub mod session;
pub mod show;
pub mod text;
pub mod trial;
pub mod watch;
