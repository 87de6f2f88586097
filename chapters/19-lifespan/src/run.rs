//! The process around a server: its runtimes, its port, its messages, its exit code.

use std::fmt;
use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::Duration;

use gateway::App;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::runtime::{Builder, Runtime};
use wsgi::ErrorLog;

use crate::config::Config;
use crate::outcome::Outcome;
use crate::serve::serve_on;
use crate::signals::Signals;

/// Serves `app` at `address` until SIGTERM or Ctrl-C, and says how it ended. For a `main` of one line.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     lifespan::run("127.0.0.1:8000", gateway::crab_app)
/// }
/// ```
///
/// Port 0 is a free one, and the message says which. Messages are lines on standard error; the exit codes are at the top of the [crate](crate#exit-codes).
///
/// # Panics
///
/// Inside a Tokio runtime, as it makes its own: there, [`serve`](crate::serve()) is what can be awaited.
pub fn run<A: App + 'static>(address: impl ToSocketAddrs + fmt::Display, app: A) -> ExitCode {
    run_with(address, app, Config::default())
}

// ANCHOR: run
/// As [`run`], with other settings.
///
/// Signals and bounds are kept by this thread, in a runtime of its own, and calls run on the threads of another:
/// an application that blocks all of those can be ended all the same.
///
/// # Panics
///
/// As [`run`].
pub fn run_with<A: App + 'static>(
    address: impl ToSocketAddrs + fmt::Display,
    app: A,
    config: Config,
) -> ExitCode {
    let leave = config.leave;
    let (control, workers) = match runtimes() {
        Ok(runtimes) => runtimes,
        Err(error) => return fail(&format!("cannot start threads: {error}")),
    };
    let listener = match workers.block_on(TcpListener::bind(&address)) {
        Ok(listener) => listener,
        Err(error) => return fail(&cannot_listen(&address, &error)),
    };
    let outcome = control.block_on(async {
        let signals = Signals::of_process()?;
        Ok(serve_on(workers.handle(), listener, app, config, signals).await)
    });
    let outcome: Outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return fail(&cannot_be_told(&error)),
    };
    say(&outcome.to_string());
    // Not the runtime's own drop, which would wait for threads that may never come back.
    workers.shutdown_timeout(match outcome {
        Outcome::Aborted => Duration::ZERO,
        _ => leave,
    });
    ExitCode::from(&outcome)
}
// ANCHOR_END: run

fn runtimes() -> io::Result<(Runtime, Runtime)> {
    let control = Builder::new_current_thread().enable_all().build()?;
    let workers = Builder::new_multi_thread().enable_all().build()?;
    Ok((control, workers))
}

fn fail(message: &str) -> ExitCode {
    say(message);
    ExitCode::FAILURE
}

/// Not by `eprintln!`, which panics where standard error is closed.
fn say(line: &str) {
    ErrorLog::new(io::stderr()).report(line);
}

fn cannot_be_told(error: &io::Error) -> String {
    format!("cannot listen for signals: {error}")
}

/// What cannot be had, why, and what to do.
fn cannot_listen(address: &dyn fmt::Display, error: &io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program has this port: end that one, or take another port (0 is a free one)"
        }
        ErrorKind::PermissionDenied => {
            "the system keeps ports below 1024 for itself: take one above, such as 8000"
        }
        ErrorKind::AddrNotAvailable => {
            "no interface of this machine has this address: take 127.0.0.1, or 0.0.0.0 for all of them"
        }
        _ => return format!("cannot listen on {address}: {error}"),
    };
    format!("cannot listen on {address}: {advice}")
}
