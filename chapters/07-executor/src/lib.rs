//! Ebb's scheduling half: it runs futures, and sleeps while none of them can go on.
//!
//! [`block_on`] runs one future on the present thread. [`Ebb`] runs one and all the tasks that it spawns:
//! [`spawn`], [`JoinHandle`], [`yield_now`], [`sleep`], [`interval`], [`join_all`], [`TaskGroup`].
//! A task stays on the thread of its `Ebb`, so its future need not be `Send`; it may be woken from any thread.
//!
//! How it fits together, from the bottom up:
//!
//! - `state`: one word for each task, which makes wakes exact: one poll for any number of wakes before it.
//! - `inbox`: where wakes from other threads arrive.
//! - [`park`]: how the thread waits. [`Park`] is the seam at which a poller for sockets takes the place of a sleeping thread.
//! - [`time`]: the clock, real or virtual, and who is to be woken when.
//! - `task`: a future, its state, and who waits for its output.
//! - `ebb`: the loop.
//!
//! There is no unsafe code. It leaves out: several threads (one `Ebb` is one thread's), priorities, and input and output.
#![forbid(unsafe_code)]

mod combine;
mod ebb;
mod event;
mod inbox;
pub mod park;
mod state;
mod sync;
mod task;
pub mod time;

pub use combine::{TaskGroup, join_all, yield_now};
pub use ebb::{Ebb, now, park_handle, poll_proceed, spawn};
pub use event::{Event, Happening, TaskId};
pub use park::{Park, ThreadPark, block_on};
pub use task::{AbortHandle, JoinError, JoinHandle};
pub use time::{Interval, Sleep, interval, sleep, sleep_until};
