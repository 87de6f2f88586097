//! Chapter 5: futures, polled and woken by hand.
//!
//! - [`block_on`]: runs one future on this thread, and sleeps while there is nothing to do.
//! - [`clock`]: something to wait for. A clock that tells the time really, and one that is moved by hand.
//! - [`countdown`]: a future that is done after a number of polls.
//! - [`gauge`]: the tide gauges of chapter 1, as futures.
//! - [`mod@join`]: waits for all of several futures.
//! - [`mod@select`]: waits for the first of two.
//! - [`mod@timeout`]: gives a future so much time.
//! - [`oneshot`]: a value that another thread sends, once.
//!
//! Every future here is [`Unpin`]: it may be moved between two polls, so `Pin<&mut Self>` is `&mut Self` with a longer name.
//! Where that is asked of a caller's future, the bound says so; `Box::pin` makes any future `Unpin`.
//!
//! Left out: tasks, run queues, anything that holds more than one future at the top. That is an executor.
//! So is everything about `async fn`: no code here is written by the compiler.

pub mod clock;
pub mod countdown;
pub mod gauge;
pub mod join;
pub mod oneshot;
pub mod select;
mod sync;
pub mod timeout;

mod block_on;

pub use block_on::block_on;
pub use clock::{Clock, Sleep};
pub use countdown::Countdown;
pub use join::{Join, join};
pub use select::{Either, Select, select};
pub use timeout::{Elapsed, Timeout, timeout};
