//! Chapter 6: what the compiler makes of `async fn`.
//!
//! - [`report`]: the report of chapter 5, once as a state machine by hand and once as an `async fn`.
//! - [`notes`]: values that say when they are dropped.
//! - [`gauge`]: a trait with an async method whose future may go to another thread.
//! - [`depth`]: an async function that calls itself.
//!
//! Left out: anything that runs more than one future. That is an executor.

pub mod depth;
pub mod gauge;
pub mod notes;
pub mod report;
