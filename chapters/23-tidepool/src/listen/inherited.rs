//! Sockets that another process has opened for this one: by a number, or as systemd does it (`sd_listen_fds(3)`).

use std::env;
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Mutex;

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

use super::{Bound, CannotListen};

/// The first descriptor that systemd hands over.
const FIRST: u32 = 3;

/// What was taken already: a descriptor has one owner.
static TAKEN: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// The sockets that systemd hands over; none if it does not.
///
/// # Errors
///
/// [`CannotListen`] if what it hands over is no listening socket.
pub fn from_systemd() -> Result<Vec<Bound>, CannotListen> {
    let number = |name| env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    // Meant for another process, from which this one has its environment.
    if number("LISTEN_PID") != Some(std::process::id()) {
        return Ok(Vec::new());
    }
    (FIRST..).take(number("LISTEN_FDS").unwrap_or(0) as usize).map(descriptor).collect()
}

/// The socket of that number, which becomes this process's own, and is not left open for its children.
///
/// # Errors
///
/// [`CannotListen`] if it is not open, or no listening socket.
pub fn descriptor(number: u32) -> Result<Bound, CannotListen> {
    let what = format!("descriptor {number}");
    let fd = take(number).map_err(|error| {
        CannotListen::new(
            &what,
            format_args!("the parent process has not left it open for this one ({error})"),
        )
    })?;
    Bound::from_fd(fd).map_err(|error| CannotListen::new(what, error))
}

fn take(number: u32) -> io::Result<OwnedFd> {
    let fd = RawFd::try_from(number).map_err(io::Error::other)?;
    if number < FIRST {
        return Err(io::Error::other("0, 1 and 2 are standard input, output and error"));
    }
    let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if taken.contains(&fd) {
        return Err(io::Error::other("it was taken before"));
    }
    // SAFETY: it is borrowed for two calls that fail where it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    if fcntl_getfd(borrowed)?.contains(FdFlags::CLOEXEC) {
        // A parent cannot leave such a one open: this process has opened it itself, and something owns it.
        return Err(io::Error::other("it is this process's own"));
    }
    fcntl_setfd(borrowed, FdFlags::CLOEXEC)?;
    taken.push(fd);
    // SAFETY: it is open, and nothing in this process owns it: Rust's own descriptors are closed on exec, this one was not;
    // and it is not taken twice, which the list sees to.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
