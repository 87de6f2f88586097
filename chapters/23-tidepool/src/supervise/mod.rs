//! Several processes that serve one socket, and the one that watches over them.
//!
//! [`Machine`] decides, and does nothing else: events go in, with the time, and actions come out. `driver` does: it starts processes,
//! listens to them and to signals, and carries the actions out. `control` is what supervisor and worker say to each other.
//!
//! The supervisor holds the sockets, and hands each worker a copy. So while one ends and the next one starts, whoever connects waits in the kernel,
//! and is refused by nobody. Workers are the same program started anew, never a fork: a runtime does not survive a fork,
//! and a new program on the disk is what SIGHUP is for.

mod control;
mod driver;
mod machine;

pub use control::{Line, is_worker, receive, speak};
pub use driver::run;
pub(crate) use driver::{Report, Spawner, Worker, asks};
pub use machine::{Action, Ask, Event, Exit, ExitText, Id, Machine, Note, Policy};
