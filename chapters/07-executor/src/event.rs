//! What an executor tells whoever watches it: enough to draw the run queue, poll by poll.

use std::fmt;
use std::time::Duration;

/// Names a task for as long as its executor exists: the number of tasks spawned before it, and one.
/// Number 0 is the future that was given to `block_on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("main") } else { write!(f, "task {}", self.0) }
    }
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// The task was taken from the queue and is about to be polled.
    Begins(TaskId),
    /// Its poll returned `Pending`.
    Waits(TaskId),
    /// It ended: with an output, by a panic, or because it was aborted.
    Ends(TaskId),
    /// Nothing can go on. The executor waits for the next deadline, or for ever, or until it is woken.
    Idles {
        /// The next deadline.
        until: Option<Duration>,
    },
}

/// What has happened, when, and who waits for a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The executor's time.
    pub at: Duration,
    /// What has happened.
    pub what: Happening,
    /// The run queue, first in line first. Wakes from other threads are added when the executor next looks.
    pub queue: Vec<TaskId>,
}
