//! A fixed number of processes that share one listening socket.
//!
//! The master opens the socket and starts the workers; each of them inherits the socket and accepts from it.
//! The kernel gives each connection to one of those that wait.
//! The socket travels as the worker's standard input, as it does in FastCGI (`FCGI_LISTENSOCK_FILENO` is 0):
//! this way a program needs no `fork` of its own, which in a process with several threads copies only one of them.
//!
//! Left out: signals, and a graceful end. A worker ends when its master kills it, or after the connection during which the master died.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::parent_id;
use std::process::{Child, Command, ExitStatus, Stdio};

use wsgi::{App, Config};

use crate::shared::{pause_after, serve_one};

/// Tells a process that it is a worker, and which.
const NUMBER: &str = "TIDEPOOL_WORKER";

// ANCHOR: workers
/// The master's side: the worker processes, which die with this value.
pub struct Workers {
    listener: TcpListener,
    program: Box<dyn Fn() -> Command>,
    children: Vec<Child>,
}

impl Workers {
    /// Starts `count` processes that run `program`, each with `listener` for its standard input.
    ///
    /// # Errors
    ///
    /// When a process cannot be started.
    pub fn start(
        listener: TcpListener,
        count: usize,
        program: impl Fn() -> Command + 'static,
    ) -> io::Result<Self> {
        let mut workers =
            Self { listener, program: Box::new(program), children: Vec::with_capacity(count) };
        for number in 1..=count {
            let child = workers.hire(number)?;
            workers.children.push(child);
        }
        Ok(workers)
    }

    fn hire(&self, number: usize) -> io::Result<Child> {
        let socket = OwnedFd::from(self.listener.try_clone()?);
        (self.program)().stdin(Stdio::from(socket)).env(NUMBER, number.to_string()).spawn()
    }
    // ANCHOR_END: workers

    // ANCHOR: replace_fallen
    /// Replaces the workers that have ended, and returns how each of them did.
    ///
    /// # Errors
    ///
    /// When a process cannot be asked or started.
    pub fn replace_fallen(&mut self) -> io::Result<Vec<(usize, ExitStatus)>> {
        let mut fallen = Vec::new();
        for index in 0..self.children.len() {
            if let Some(status) = self.children[index].try_wait()? {
                self.children[index] = self.hire(index + 1)?;
                fallen.push((index + 1, status));
            }
        }
        Ok(fallen)
    }
    // ANCHOR_END: replace_fallen
}

impl Drop for Workers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // A child that has ended already needs no more than to be waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

// ANCHOR: worker
/// The worker's side: its number and the shared socket; nothing in a process that is none.
///
/// # Errors
///
/// When standard input cannot be had, or the number is none.
pub fn worker() -> io::Result<Option<(usize, TcpListener)>> {
    let Ok(number) = std::env::var(NUMBER) else {
        return Ok(None);
    };
    let number = number.parse().map_err(|_| {
        let problem = format!("{NUMBER} must be a worker's number, like 1, and is `{number}`");
        io::Error::new(io::ErrorKind::InvalidInput, problem)
    })?;
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(Some((number, TcpListener::from(socket))))
}

/// Serves `app` to whoever this worker gets to accept, one at a time, while the master lives.
pub fn serve(listener: &TcpListener, app: &dyn App, config: &Config) {
    let master = parent_id();
    for accepted in listener.incoming() {
        match accepted {
            Ok(stream) => serve_one(stream, app, config),
            Err(error) => pause_after("accept", &error, config),
        }
        if parent_id() != master {
            return;
        }
    }
}
// ANCHOR_END: worker
