//! How a server's life ended, and what the process says of it to its parent.

use std::fmt;
use std::process::ExitCode;

use gateway::Failure;

use crate::life::{ShutdownError, StartupError};
use crate::signals::Signal;

/// How a server's life ended.
// ANCHOR: outcome
#[derive(Debug)]
pub enum Outcome {
    /// It served until it was told to stop, and the application has put everything away.
    Stopped {
        /// How many connections did not end in time, and were cut.
        cut: usize,
    },
    /// It served, and the application failed at its end, or while it served.
    Failed {
        /// How many connections were cut.
        cut: usize,
        /// What went wrong.
        why: ShutdownError,
    },
    /// The application did not start, and nobody was served.
    NotStarted(StartupError),
    /// A signal came before the application had started.
    Interrupted(Signal),
    /// A second Ctrl-C, and all was dropped.
    Aborted,
}
// ANCHOR_END: outcome

impl Outcome {
    /// The process's exit code; the table is at the top of the [crate](crate#exit-codes).
    // ANCHOR: code
    pub fn code(&self) -> u8 {
        match self {
            Self::Stopped { .. } => 0,
            Self::Failed { .. } => 1,
            Self::NotStarted(_) => 3,
            Self::Interrupted(signal) => signal.code(),
            Self::Aborted => Signal::Interrupt.code(),
        }
    }
    // ANCHOR_END: code
}

impl From<&Outcome> for ExitCode {
    fn from(outcome: &Outcome) -> Self {
        outcome.code().into()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped { .. } => formatter.write_str("stopped"),
            Self::Failed { why: ShutdownError::Died(Failure::Disconnected), .. } => {
                formatter.write_str("the application's lifespan call was dropped")
            }
            Self::Failed { why, .. } => {
                write!(formatter, "the application did not shut down well: {why}")
            }
            Self::NotStarted(why) => write!(formatter, "the application did not start: {why}"),
            Self::Interrupted(signal) => {
                write!(formatter, "{signal} before the application had started")
            }
            Self::Aborted => formatter.write_str("SIGINT again: all is dropped"),
        }
    }
}
