//! A server process: an answer to its start, and one to its end.

use super::{Verdict, out_of_order, wrong_protocol};
use crate::error::{Disconnected, Failure, SendError};
use crate::event::{ReceiveEvent, SendEvent};

/// Where the process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The application was not told of the start yet.
    Before,
    /// It was, and is getting ready.
    Starting,
    /// It is ready.
    Running,
    /// It was told of the end, and is putting things away.
    Stopping,
    /// It has answered, or could not start.
    Done,
}

/// The rules of a server process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifespanRules {
    phase: Phase,
    gone: bool,
}

impl LifespanRules {
    /// The rules of a process that is about to start.
    pub fn new() -> Self {
        Self { phase: Phase::Before, gone: false }
    }

    /// The application wants to send this.
    ///
    /// # Errors
    ///
    /// As [`Rules::send`](super::Rules::send).
    pub fn send(&mut self, event: &SendEvent) -> Result<Verdict, SendError> {
        if self.gone {
            return Err(Disconnected.into());
        }
        self.phase = match (self.phase, event) {
            (Phase::Done, _) => return Ok(Verdict::Ignore),
            (Phase::Starting, SendEvent::LifespanStartupComplete) => Phase::Running,
            (Phase::Starting, SendEvent::LifespanStartupFailed(_))
            | (
                Phase::Stopping,
                SendEvent::LifespanShutdownComplete | SendEvent::LifespanShutdownFailed(_),
            ) => Phase::Done,
            (
                phase,
                SendEvent::LifespanStartupComplete
                | SendEvent::LifespanStartupFailed(_)
                | SendEvent::LifespanShutdownComplete
                | SendEvent::LifespanShutdownFailed(_),
            ) => return Err(out_of_order(event, expected(phase))),
            _ => return Err(wrong_protocol(event, "lifespan")),
        };
        Ok(Verdict::Pass)
    }

    /// The application is being told this.
    pub fn receive(&mut self, event: &ReceiveEvent) {
        self.phase = match (self.phase, event) {
            (Phase::Before, ReceiveEvent::LifespanStartup) => Phase::Starting,
            (Phase::Running, ReceiveEvent::LifespanShutdown) => Phase::Stopping,
            (phase, _) => phase,
        };
    }

    /// The server has given up on the application.
    pub fn gone(&mut self) {
        self.gone = true;
    }

    /// Whether the server has given up on the application.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether nothing more is to be said.
    pub fn is_complete(&self) -> bool {
        self.phase == Phase::Done
    }

    /// What is to be said of an application that has returned by now.
    /// One that is ready and has nothing to put away may leave.
    ///
    /// # Errors
    ///
    /// [`Failure`], if something is missing.
    pub fn ended(&self) -> Result<(), Failure> {
        match self.phase {
            Phase::Before | Phase::Starting => Err(Failure::NoResponse),
            Phase::Stopping => Err(Failure::Unfinished),
            Phase::Running | Phase::Done => Ok(()),
        }
    }
}

impl Default for LifespanRules {
    fn default() -> Self {
        Self::new()
    }
}

fn expected(phase: Phase) -> &'static str {
    match phase {
        Phase::Before => "nothing, before lifespan.startup is received,",
        Phase::Starting => "lifespan.startup.complete or lifespan.startup.failed",
        Phase::Running => "nothing, before lifespan.shutdown is received,",
        Phase::Stopping => "lifespan.shutdown.complete or lifespan.shutdown.failed",
        Phase::Done => "nothing",
    }
}
