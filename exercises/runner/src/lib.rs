//! The exercise companion, `cargo learn`: leads through the exercises, and proves them.
//!
//! What exercises there are, it asks the [`catalogue`]; what they share in their tests is in `proctor`.

pub mod cargo;
pub mod cli;
pub mod libtest;
pub mod process;
pub mod prove;
