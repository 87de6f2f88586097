//! Chapter 1: what blocking costs.
//!
//! What the chapter's examples share:
//! [`exhibition`] plays a chess exhibition move by move on a virtual clock,
//! [`stopwatch`] tells time spent working from time spent waiting,
//! [`gauge`] is something slow to wait for,
//! and [`echo`] is a blocking TCP server that serves one client at a time.
//!
//! It leaves out every remedy. A second client waits for the first; that is the point.

pub mod echo;
pub mod exhibition;
pub mod gauge;
pub mod stopwatch;
