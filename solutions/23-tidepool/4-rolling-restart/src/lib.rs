//! What is wanted, what is there, and what to do about it.

use std::collections::BTreeMap;
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

// ANCHOR: facts
/// What is known of a worker.
#[derive(Debug, Clone, Copy)]
struct Worker {
    spawned: Duration,
    ready: bool,
    /// It is to be replaced.
    old: bool,
    /// When it was told to stop.
    told: Option<Duration>,
    killed: bool,
}

/// Decides what becomes of the workers.
#[derive(Debug)]
pub struct Supervisor {
    policy: Policy,
    workers: BTreeMap<Id, Worker>,
    next: Id,
    /// How many in a row have died young.
    row: u32,
    /// Nobody is spawned before.
    pause_until: Duration,
    /// The end has begun; the code it will have.
    end: Option<u8>,
}
// ANCHOR_END: facts

impl Supervisor {
    /// A supervisor without workers. The first `Tick` has them spawned.
    pub fn new(policy: Policy) -> Self {
        let (workers, pause_until) = Default::default();
        Self { policy, workers, next: 1, row: 0, pause_until, end: None }
    }

    // ANCHOR: handle
    /// What is to be done because of an event.
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        match event {
            Event::Ready(id) => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    // The word of one that was killed was on its way.
                    worker.ready = !worker.killed;
                }
            }
            Event::Exited(id, code) => self.exited(now, id, code),
            Event::Hup => {
                self.workers.values_mut().for_each(|worker| worker.old = true);
                (self.row, self.pause_until) = (0, now);
            }
            Event::Term => self.end = self.end.or(Some(0)),
            Event::Tick => {}
        }
        self.settle(now)
    }

    fn exited(&mut self, now: Duration, id: Id, code: u8) {
        let Some(worker) = self.workers.remove(&id) else { return };
        if let Some(end) = &mut self.end {
            *end |= u8::from(code != 0);
        } else if worker.told.is_none() {
            if !worker.ready && !worker.old {
                self.workers.values_mut().for_each(|worker| worker.old = false);
            }
            if worker.ready && now >= worker.spawned + self.policy.young {
                self.row = 0;
            } else {
                let pause = self.policy.pause.saturating_mul(1 << self.row.min(30));
                self.pause_until = self.pause_until.max(now + pause.min(self.policy.longest_pause));
                self.row += 1;
            }
        }
    }
    // ANCHOR_END: handle

    // ANCHOR: settle
    /// Whose time is up is killed, who is too many is stopped, who is missing is spawned.
    fn settle(&mut self, now: Duration) -> Vec<Action> {
        let Policy { workers: wanted, start, stop, .. } = self.policy;
        let mut actions = Vec::new();
        for (&id, worker) in &mut self.workers {
            let late = match worker.told {
                Some(told) => now >= told + stop,
                None => !worker.ready && now >= worker.spawned + start,
            };
            if late && !worker.killed {
                worker.killed = true;
                actions.push(Action::Kill(id));
            }
        }
        while let Some(id) = self.too_many(wanted) {
            self.workers.entry(id).and_modify(|worker| worker.told = Some(now));
            actions.push(Action::Stop(id));
        }
        while self.end.is_none() && now >= self.pause_until && self.is_one_missing(wanted) {
            let id = self.next;
            self.next += 1;
            let worker =
                Worker { spawned: now, ready: false, old: false, told: None, killed: false };
            self.workers.insert(id, worker);
            actions.push(Action::Spawn(id));
        }
        if let Some(code) = self.end.filter(|_| self.workers.is_empty()) {
            actions.push(Action::Exit(code));
        }
        actions
    }

    /// Those who have not been told to stop.
    fn staying(&self) -> impl Iterator<Item = (Id, &Worker)> {
        let workers = self.workers.iter().map(|(&id, worker)| (id, worker));
        workers.filter(|(_, worker)| worker.told.is_none())
    }

    /// Somebody who is to be stopped.
    fn too_many(&self, wanted: usize) -> Option<Id> {
        if self.end.is_some() {
            return self.staying().map(|(id, _)| id).next();
        }
        let ready = || self.staying().filter(|(_, worker)| worker.ready);
        let (oldest, _) = ready().find(|(_, worker)| worker.old)?;
        (ready().count() > wanted).then_some(oldest)
    }

    fn is_one_missing(&self, wanted: usize) -> bool {
        let roll = self.staying().any(|(_, worker)| worker.old);
        self.staying().count() < wanted + usize::from(roll)
    }
    // ANCHOR_END: settle
}
