//! Chapter 4: one thread, and whoever is ready.
//!
//! - [`timers`]: what is to happen later, the earliest first.
//! - [`event_loop`]: asyncio's loop in small. It waits for sockets and timers, and calls back.
//! - [`conversation`]: one connection of the server as a state machine, which never waits.
//! - [`pace`]: the clock that turns an application's waiting into the loop's.
//! - [`server`]: the site on the loop.
//! - [`descriptors`]: how many sockets a process may have open.
//!
//! HTTP and the site are those of the crate `wsgi`, as they are: its protocol half never waits, so anybody can drive it.
//!
//! Left out: every way of writing a conversation down in one piece. That is what the next chapters are about.

pub mod conversation;
pub mod descriptors;
pub mod event_loop;
pub mod pace;
pub mod server;
pub mod timers;

pub use conversation::{Conversation, Next, Service, Stream};
pub use event_loop::EventLoop;
pub use pace::Pace;
pub use timers::Timers;
