#![doc = include_str!("../README.md")]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::{sleep, spawn};

/// Whence connections come.
pub trait Listener {
    /// What comes.
    type Connection;

    /// The next connection, once somebody has come.
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Self::Connection>>;
}

/// Whether the process has as many files and sockets open as it may have.
pub fn out_of_descriptors(error: &io::Error) -> bool {
    // The number of `EMFILE` on Linux and macOS.
    error.raw_os_error() == Some(24)
}

/// Serves at most `most` connections at a time, until `shutdown` is done or the listener fails.
pub async fn serve<L, H, F>(
    mut listener: L,
    most: usize,
    shutdown: impl Future<Output = ()>,
    mut handler: H,
) -> io::Result<()>
where
    L: Listener,
    H: FnMut(L::Connection) -> F,
    F: Future<Output = io::Result<()>> + 'static,
{
    todo!("accept, serve, stop")
}
