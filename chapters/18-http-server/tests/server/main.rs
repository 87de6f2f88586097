//! The server, as clients see it and as applications see it. CHECKLIST.md says which test stands for which line of the checklist.

#[path = "../../examples/conformance/app.rs"]
mod app;
mod clients;
mod common;
#[cfg(unix)]
mod extensions;
mod http;
mod leaving;
mod limits;
mod parked;
mod schedules;
mod strict;
#[cfg(unix)]
mod unix;
