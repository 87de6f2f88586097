//! The state word of a task: who may put it into the run queue, and whether it must be polled again.
//!
//! It leaves out the queue itself: whoever is told `true` puts the task there.

use crate::sync::{AtomicU8, Ordering};

/// The task is in a queue, or will be as soon as its poll is over.
const QUEUED: u8 = 1;
/// The task is being polled.
const RUNNING: u8 = 2;
/// The task has ended. Nothing changes any more.
const DONE: u8 = 4;
/// The task's next turn is to drop its future.
const ABORTED: u8 = 8;

/// Idle, queued, running, running and woken again, or done; and whether the task was aborted.
///
/// Only the executor calls `begin`, `pause` and `finish`, in that order for each turn. Anybody may call `wake` and `abort`.
#[derive(Debug)]
pub struct State(AtomicU8);

// ANCHOR: state
impl State {
    // ANCHOR_END: state
    /// A task that nobody has queued.
    pub fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    // ANCHOR: state
    /// Notes a wake. `true` if the caller must queue the task.
    pub fn wake(&self) -> bool {
        // Release: what was done before the wake is seen by the poll that follows it.
        let before = self.0.fetch_or(QUEUED, Ordering::AcqRel);
        before & (QUEUED | RUNNING | DONE) == 0
    }

    /// Notes a wish to abort. `true` if the caller must queue the task.
    pub fn abort(&self) -> bool {
        let before = self.0.fetch_or(QUEUED | ABORTED, Ordering::AcqRel);
        before & (QUEUED | RUNNING | DONE) == 0
    }

    /// Begins the turn of a queued task. `true` if it was aborted.
    ///
    /// From here on a wake counts for the next turn.
    pub fn begin(&self) -> bool {
        // The task was queued and not running, so this clears the one and sets the other.
        let before = self.0.fetch_xor(QUEUED | RUNNING, Ordering::AcqRel);
        debug_assert_eq!(before & (QUEUED | RUNNING | DONE), QUEUED);
        before & ABORTED != 0
    }

    /// Ends a turn after which the task waits.
    /// `true` if it was woken meanwhile: the caller must queue it.
    pub fn pause(&self) -> bool {
        let before = self.0.fetch_and(!RUNNING, Ordering::AcqRel);
        before & QUEUED != 0
    }

    /// Ends the last turn.
    pub fn finish(&self) {
        self.0.fetch_or(DONE, Ordering::AcqRel);
    }

    /// Whether the last turn is over.
    pub fn is_done(&self) -> bool {
        self.0.load(Ordering::Acquire) & DONE != 0
    }
}
// ANCHOR_END: state
