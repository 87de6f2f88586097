//! How far a server is, for whoever watches: a log, a supervisor, a test.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gateway::{Address, Failure};
use wsgi::ErrorLog;

use crate::life::because;
use crate::signals::Signal;

/// A step in a server's life. They come in this order, and most servers do not see all of them.
// ANCHOR: stage
#[derive(Debug)]
#[non_exhaustive]
pub enum Stage {
    /// The application is told `lifespan.startup`.
    Starting,
    /// It does not speak lifespan, and is served without.
    Without(Failure),
    /// It has started. From now on connections are accepted, at this address.
    Serving(Option<Address>),
    /// Its lifespan call has failed in the meantime, with this message.
    Died(String),
    /// Nobody is accepted any more.
    Stopping {
        /// Why.
        why: Why,
        /// How many connections are open.
        open: usize,
    },
    /// Applications are told of the shutdown.
    Told {
        /// How many connections are open.
        open: usize,
    },
    /// A signal that changes nothing.
    Ignored(Signal),
    /// Connections did not end in time, and are dropped.
    Cut {
        /// How many.
        open: usize,
        /// What time they had after applications were told.
        after: Duration,
    },
    /// Of these, so many cannot be dropped, as their calls block their threads.
    Stuck {
        /// How many.
        open: usize,
    },
    /// All connections have ended. The application is told `lifespan.shutdown`.
    ShuttingDown,
}

/// Why a server stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was told to.
    Signal(Signal),
    /// The application's lifespan call has failed, and [`Mode::On`](crate::Mode::On) was asked for.
    Died,
}
// ANCHOR_END: stage

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => formatter.write_str("the application starts"),
            Self::Without(failure) => write!(
                formatter,
                "the application does not speak lifespan, and is served without{}",
                because(failure)
            ),
            Self::Serving(Some(Address::Ip(address))) => {
                write!(formatter, "serving http://{address} until Ctrl-C")
            }
            Self::Serving(Some(address)) => write!(formatter, "serving {address} until Ctrl-C"),
            Self::Serving(None) => formatter.write_str("serving"),
            Self::Died(why) => {
                write!(formatter, "the application's lifespan call has ended: {why}")
            }
            Self::Stopping { why, open } => {
                match why {
                    Why::Signal(signal) => write!(formatter, "{signal}")?,
                    Why::Died => formatter.write_str("the lifespan call must not fail")?,
                }
                write!(formatter, ": no more connections are accepted; {}", connections(*open))?;
                formatter.write_str(if *open == 1 { " is open" } else { " are open" })
            }
            Self::Told { .. } => formatter.write_str("applications are told of the shutdown"),
            Self::Ignored(signal) => {
                write!(formatter, "{signal}: the shutdown is under way; Ctrl-C ends it at once")
            }
            Self::Cut { open, after } => {
                write!(formatter, "{} did not end within {after:?}: cut", connections(*open))
            }
            Self::Stuck { open } => {
                write!(formatter, "the calls on {} block their threads", connections(*open))
            }
            Self::ShuttingDown => formatter.write_str("the application shuts down"),
        }
    }
}

fn connections(count: usize) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

/// Who is told of each [`Stage`]. It is called in the server's own turn, and must not block.
///
/// ```
/// use lifespan::{Config, Stage, Stages};
///
/// let config = Config {
///     stages: Stages::new(|stage| {
///         if let Stage::Serving(_) = stage {
///             // A supervisor could be told now.
///         }
///     }),
///     ..Config::default()
/// };
/// # let _ = config;
/// ```
#[derive(Clone)]
pub struct Stages {
    told: Arc<dyn Fn(&Stage) + Send + Sync>,
}

impl Stages {
    /// Calls `told`.
    pub fn new(told: impl Fn(&Stage) + Send + Sync + 'static) -> Self {
        Self { told: Arc::new(told) }
    }

    /// Writes a line for each.
    pub fn log(log: ErrorLog) -> Self {
        Self::new(move |stage| log.report(&stage.to_string()))
    }

    pub(crate) fn enter(&self, stage: Stage) {
        (self.told)(&stage);
    }
}

impl Default for Stages {
    fn default() -> Self {
        Self::log(ErrorLog::new(io::stderr()))
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stages")
    }
}
