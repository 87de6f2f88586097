//! The exercise companion, `cargo learn`: leads through the exercises, and proves them.
//!
//! What exercises there are, it asks the [`catalogue`]; what they share in their tests is in `proctor`.
//!
//! [`process`] runs programs and leaves nothing behind, [`cargo`] builds, [`libtest`] reads what tests print;
//! [`trial`] makes a verdict on an exercise of these three, and [`progress`] keeps it.
//! [`text`], [`markdown`], [`show`] and [`discussion`] are what the learner reads.
//! [`commands`] and [`watch`] put all of this to use; [`prove`] uses the first three in another way.

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
