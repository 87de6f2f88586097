//! What the three ways to serve have in common.

use std::io;
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use wsgi::{App, Config};

/// Serves one connection to its end. Whatever goes wrong is reported, and is nobody else's trouble.
pub(crate) fn serve_one(stream: TcpStream, app: &dyn App, config: &Config) {
    // The connection is gone after a panic, and what the application shares between calls is behind its own locks.
    let served =
        panic::catch_unwind(AssertUnwindSafe(|| wsgi::serve_connection(stream, app, config)));
    match served {
        Ok(Ok(())) => {}
        Ok(Err(error)) => config.errors.report(&format!("connection: {error}")),
        Err(_) => config.errors.report("connection: the application panicked"),
    }
}

/// Reports that no connection or no thread could be had, and waits a little: the next attempt would fail at once as well.
pub(crate) fn pause_after(what: &str, error: &io::Error, config: &Config) {
    config.errors.report(&format!("{what}: {error}"));
    config.clock.sleep(Duration::from_millis(50));
}
