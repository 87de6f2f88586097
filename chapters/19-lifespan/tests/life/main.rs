//! The life of a server: the lifespan call alone, the order of things under virtual time, and real processes with real signals.
//! CHECKLIST.md says which test stands for which line of the checklist.

mod call;
mod common;
mod ending;
#[cfg(unix)]
mod process;
mod starting;
