//! Three ways to serve more than one visitor at a time, with chapter 2's server under each of them.
//!
//! - [`per_connection`]: a thread for each connection.
//! - [`pool`] and [`pooled`]: a fixed number of threads, and a queue with a fixed number of places before them.
//! - [`prefork`] (Unix): a fixed number of processes that share one listening socket.
//!
//! [`scene`] is what their examples and tests share.
//!
//! None of the three changes how a connection is served: each calls [`wsgi::serve_connection`], which blocks.
//!
//! Left out: timeouts for the queue, limits for each client, and signals; a later chapter brings the server that has them.

pub mod per_connection;
pub mod pool;
pub mod pooled;
#[cfg(unix)]
pub mod prefork;
pub mod scene;
mod shared;

/// What [`pool`] is made of. Its tests put Shuttle's threads, locks and channels here, and try the orders in which they take turns.
mod primitives {
    pub(crate) use std::sync::{Arc, Mutex, mpsc};
    pub(crate) use std::thread;
}
