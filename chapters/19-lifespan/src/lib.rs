//! The life of a server process: start-up, serving, the end; told to the application, and brought about by signals.
//!
//! One line of `main` serves an application of [`gateway`] over [`http_server`]:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     lifespan::run("127.0.0.1:8000", gateway::crab_app)
//! }
//! ```
//!
//! Beneath it are parts that can be had alone:
//!
//! - [`life`]: the application's lifespan call, and the two questions that a server asks there.
//! - [`signals`]: SIGTERM and SIGINT as a stream, which a test can script.
//! - [`serve`](mod@serve): the order of things, from start-up to the last connection. It takes a listener and signals, and says how it ended.
//!   By [`serve_as`] it is also that of a server that speaks more than HTTP/1.1.
//! - [`config`], [`stage`], [`outcome`]: what can be set, what is told on the way, and what comes of it.
//! - [`run`](mod@run): the process around it: runtimes, the port, messages, the exit code.
//!
//! It leaves out workers, reloading and the command line.
//!
//! # The order of things
//!
//! 1. The port is bound, before the application is started: that a port is taken should be found before minutes of start-up and not after.
//!    Whoever connects meanwhile waits in the kernel's queue. (Uvicorn starts the application first, unless it has workers.)
//! 2. The application is started: `lifespan.startup`. What it has stored by the time of `lifespan.startup.complete` is in the state of each request.
//! 3. Connections are accepted.
//! 4. SIGTERM or SIGINT: the listener is closed. Connections that are idle close, the others after the response that is due.
//! 5. Applications are told, by [`gateway::Shutdown`] in each scope: an endless event stream can end well. At once, or after [`Config::quiet`].
//! 6. Connections have [`http_server::Config::graceful`] to end. Those that are left are cut: their calls are dropped.
//! 7. The application is told `lifespan.shutdown`, and has [`Config::shutdown`] for its answer.
//! 8. Threads that still run get [`Config::leave`], and the process exits.
//!
//! With the defaults this takes 27 s at most, and up to 30 s where calls block their threads. Kubernetes gives a container 30 s before it kills it.
//!
//! # Signals
//!
//! | | SIGTERM | SIGINT |
//! |---|---|---|
//! | during start-up | the start is dropped, exit code 143 | the start is dropped, exit code 130 |
//! | while serving | the shutdown begins | the shutdown begins |
//! | during the shutdown | nothing: it is under way | all is dropped at once, exit code 130 |
//!
//! Supervisors send SIGTERM, some of them more than once, and SIGKILL when they have no more patience. SIGINT is a person at a terminal,
//! for whom a second one is the only way to say "now".
//!
//! # Exit codes
//!
//! | Code | When | [`Outcome`] |
//! |---|---|---|
//! | 0 | it served until it was told to stop, and the application has put everything away; connections may have been cut | [`Stopped`](Outcome::Stopped) |
//! | 1 | the port could not be had; or the application failed at its end, or while it served | [`Failed`](Outcome::Failed) |
//! | 3 | the application did not start | [`NotStarted`](Outcome::NotStarted) |
//! | 130 | a second SIGINT; or SIGINT during start-up | [`Aborted`](Outcome::Aborted), [`Interrupted`](Outcome::Interrupted) |
//! | 143 | SIGTERM during start-up | [`Interrupted`](Outcome::Interrupted) |
//!
//! 3 is Uvicorn's code for an application that did not start. 130 and 143 are what shells report of a process that SIGINT (2) or SIGTERM (15)
//! has killed: 128 and the signal's number. There was nothing to drain, or nobody wanted to wait for it,
//! so the process ends as it would without this crate.
#![forbid(unsafe_code)]
pub mod config;
pub mod life;
pub mod outcome;
pub mod run;
pub mod serve;
pub mod signals;
pub mod stage;

pub use config::{Config, Mode};
pub use life::{Life, ShutdownError, StartupError};
pub use outcome::Outcome;
pub use run::{run, run_with};
pub use serve::{Shared, serve, serve_as, serve_on};
pub use signals::{Signal, Signals};
pub use stage::{Stage, Stages};
