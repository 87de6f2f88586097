//! Tidepool: the server that one deploys. An application gets a command line, and all that operating it takes.
//!
//! ```no_run
//! tidepool::main(gateway::crab_app) // all of a program's `main`
//! ```
//!
//! It is a composition. Connections are [`http_server`]'s, [`http2_and_tls`]'s and [`websockets`]', start-up and end are [`lifespan`]'s; what is here is around them:
//!
//! - [`cli`]: the options, from the command line, the environment and a file. [`settings`]: what the parts below are set up with.
//! - [`listen`]: the sockets, and what stands before HTTP on a connection.
//! - `speaking`: what is spoken on a connection: TLS or not, and which HTTP.
//! - [`process`]: one process that serves. [`supervise`]: several of them, and the one that watches over them.
//! - `stack`: the layers around the application, out of [`proxy`], [`metrics`], [`log`] and [`files`].
//! - [`reload`]: one process that is built again and started again, for development.
//!
//! It is for Unix only.
//!
//! # Exit codes
//!
//! Those of [`lifespan`], and 2 for options that cannot be used. With several workers, 3 also says that none of them could be started.
#![cfg(unix)]
#![deny(unsafe_code)]
mod banner;
pub mod cli;
pub mod files;
#[expect(
    unsafe_code,
    reason = "a descriptor from another process has no owner yet: see listen::inherited"
)]
pub mod listen;
pub mod log;
pub mod metrics;
pub mod process;
pub mod proxy;
pub mod reload;
pub mod settings;
mod speaking;
mod stack;
pub mod supervise;
mod threads;

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::process::exit;

use gateway::App;

use cli::{Options, Refusal};

/// Serves `app` as the command line says, and ends the process. For a `main` of one line.
///
/// # Panics
///
/// Inside a Tokio runtime, as it makes its own.
// ANCHOR: main
pub fn main<A: App + 'static>(app: A) -> ! {
    exit(i32::from(run(env::args_os(), app)))
}

/// Serves `app` as these arguments say, the first of which is the program's name, and returns the exit code.
///
/// # Panics
///
/// Inside a Tokio runtime.
pub fn run<A: App + 'static>(arguments: impl IntoIterator<Item = OsString>, app: A) -> u8 {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let options = match cli::parse(arguments.clone(), &|name| env::var(name).ok()) {
        Ok(options) => options,
        Err(refusal) => return say(&refusal),
    };
    log::install(&options.logging);
    let tls = match speaking::certificates(&options) {
        Ok(tls) => tls,
        Err(why) => return fail(why),
    };
    if supervise::is_worker() {
        process::worker(&options, tls, app)
    } else if options.development.reload || options.processes.workers > 1 {
        // Found in order, and the key is for those who serve.
        drop(tls);
        if options.development.reload {
            reload::run(&options, &arguments)
        } else {
            supervise::run(&options, &arguments)
        }
    } else {
        process::single(&options, tls, app)
    }
}
// ANCHOR_END: main

fn say(refusal: &Refusal) -> u8 {
    // Not by `print!`, which panics where nobody listens any more: `--help | head`.
    let _ = match refusal.code {
        0 => std::io::stdout().write_all(refusal.text.as_bytes()),
        _ => std::io::stderr().write_all(refusal.text.as_bytes()),
    };
    refusal.code
}

/// What is wrong, for the log, and the exit code for it.
pub(crate) fn fail(why: impl std::fmt::Display) -> u8 {
    tracing::error!("{why}");
    1
}

/// Where figures can be fetched, if somewhere.
pub(crate) fn metrics_socket(
    options: &Options,
) -> Result<Option<std::net::TcpListener>, listen::CannotListen> {
    let Some(address) = options.logging.metrics else { return Ok(None) };
    listen::tcp(&address.ip().to_string(), address.port(), 128, "--metrics").map(Some)
}
