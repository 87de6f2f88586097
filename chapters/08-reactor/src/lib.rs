//! Ebb's other half: sockets that wake tasks.
//!
//! [`new`] makes an [`Ebb`] whose thread waits for sockets when none of its tasks can go on. In it there are
//! [`TcpListener`] and [`TcpStream`], which read and write by the traits of the `futures` crates,
//! [`copy`], [`timeout`], and all that the crate [`executor`] has: [`spawn`], [`sleep`] and the rest.
//!
//! How it fits together, from the bottom up:
//!
//! - `wait`: one system call that waits for everybody.
//! - [`reactor`]: the register of sockets, and the [`Park`](executor::Park) that waits for them.
//! - [`source`]: a socket in the register; who waits to read from it and who to write to it.
//! - [`net`]: listeners and streams.
//! - [`io`]: what is made of reading and writing.
//! - [`server`]: chapter 2's server with an `await` wherever it blocked.
//! - [`hyper`]: somebody else's server on Ebb.
//!
//! It leaves out: UDP, files and names (the operating system has no readiness for files, and looking up a name blocks),
//! and more than one thread.
#![deny(unsafe_code)]

pub mod hyper;
pub mod io;
pub mod net;
pub mod reactor;
pub mod server;
pub mod source;
mod wait;

use std::io::Result;

pub use executor::{
    AbortHandle, Ebb, Interval, JoinError, JoinHandle, Sleep, TaskGroup, interval, join_all, now,
    sleep, sleep_until, spawn, yield_now,
};
pub use io::{copy, timeout};
pub use net::{ReadHalf, TcpListener, TcpStream, WriteHalf};
pub use reactor::Reactor;
pub use source::{Direction, Source};

/// Ebb, whole: an executor that waits for sockets, timers and other threads.
///
/// # Errors
///
/// When the operating system has no poller to give: out of file descriptors, most likely.
///
/// # Examples
///
/// ```
/// use futures_util::{AsyncReadExt, AsyncWriteExt};
/// use reactor::{TcpListener, TcpStream, spawn};
///
/// reactor::new()?.block_on(async {
///     let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
///     let address = listener.local_addr()?;
///     let client = spawn(async move {
///         let mut stream = TcpStream::connect(address).await?;
///         stream.write_all(b"crab").await?;
///         stream.close().await
///     });
///     let (mut stream, _) = listener.accept().await?;
///     let mut text = String::new();
///     stream.read_to_string(&mut text).await?;
///     assert_eq!(text, "crab");
///     client.await.expect("the client does not panic")
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: new
pub fn new() -> Result<Ebb> {
    Ok(Ebb::with_park(Reactor::new()?))
}
// ANCHOR_END: new
