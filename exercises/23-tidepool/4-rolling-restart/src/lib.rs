#![doc = include_str!("../README.md")]

use std::time::Duration;

/// A worker's number.
pub type Id = u64;

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How many workers there are to be; at least 1.
    pub workers: usize,
    /// How long one may take to be ready.
    pub start: Duration,
    /// How long one may take to end.
    pub stop: Duration,
    /// Who has not lived as long as this has died young.
    pub young: Duration,
    /// How long nobody is spawned after one has died young. Doubled each time.
    pub pause: Duration,
    /// The longest such pause.
    pub longest_pause: Duration,
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The worker serves.
    Ready(Id),
    /// Its process is gone, with this code.
    Exited(Id, u8),
    /// All workers are to be replaced.
    Hup,
    /// It is to end.
    Term,
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Start a worker, with a number that none has had.
    Spawn(Id),
    /// Tell the worker to end.
    Stop(Id),
    /// End it by force.
    Kill(Id),
    /// The supervisor ends, with this code. Nothing comes afterwards.
    Exit(u8),
}

/// Decides what becomes of the workers.
#[derive(Debug)]
pub struct Supervisor {
    // Yours to change.
    policy: Policy,
}

impl Supervisor {
    /// A supervisor without workers. The first `Tick` has them spawned.
    pub fn new(policy: Policy) -> Self {
        Self { policy }
    }

    /// What is to be done because of an event.
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        todo!("note what has happened, and see what is missing")
    }
}
