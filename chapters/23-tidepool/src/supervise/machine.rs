//! The supervisor's decisions, as a state machine: an event and the time go in, actions come out. It has no clock, no process and no signal.
//!
//! What it wants is one sentence: so many workers are ready, and one more as long as one is to be replaced.
//! From that follow start, crash, SIGHUP, SIGTTIN and SIGTTOU: who is missing is started, and where there is one too many, one is told to end.
//! So a worker is replaced only after its successor is ready, and there are never fewer than there should be, as far as that is in its hands.

use std::collections::BTreeMap;
use std::time::Duration;

/// A worker, for as long as the supervisor runs: numbers are not used again.
pub type Id = u64;

/// What can be set.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How many workers there are to be.
    pub workers: usize,
    /// How long one may take to become ready.
    pub start: Duration,
    /// How long a ready one may be silent.
    pub health: Duration,
    /// How long one may take to end.
    pub stop: Duration,
    /// How long to wait before a worker is started in the place of one that did not live long. Doubled each time.
    pub pause: Duration,
    /// The longest such wait.
    pub longest_pause: Duration,
    /// After how long a worker has lived long.
    pub stable: Duration,
    /// After how many starts in a row that have failed it is no use.
    pub attempts: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            workers: 2,
            start: Duration::from_secs(70),
            health: Duration::from_secs(5),
            stop: Duration::from_secs(30),
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(10),
            stable: Duration::from_secs(10),
            attempts: 3,
        }
    }
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The worker serves.
    Ready(Id),
    /// It is well.
    Beat(Id),
    /// It has answered as many requests as it may.
    Enough(Id),
    /// It has ended.
    Exited(Id, Exit),
    /// Somebody has asked for something.
    Asked(Ask),
    /// Time has passed: [`Machine::deadline`] has come.
    Time,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Code(u8),
    /// By this signal.
    Signal(i32),
    /// It was not even started.
    NotStarted,
}

/// What somebody asks for, by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// SIGTERM: the end.
    Terminate,
    /// SIGINT: the end; the second time, at once.
    Interrupt,
    /// SIGHUP: new workers.
    Hangup,
    /// SIGTTIN: one worker more.
    More,
    /// SIGTTOU: one less.
    Fewer,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A worker is to be started.
    Spawn(Id),
    /// It is to be sent SIGTERM.
    Terminate(Id),
    /// It is to be sent SIGINT.
    Interrupt(Id),
    /// It is to be sent SIGKILL.
    Kill(Id),
    /// All workers are ready for the first time.
    Ready,
    /// The end has begun.
    Stopping,
    /// Something to be said.
    Say(Note),
    /// Nothing is left; the exit code.
    End(u8),
}

/// What the machine says about its decisions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// One is gone that should not be.
    #[error("worker {0} has ended, {1}: it is replaced in {2:?}")]
    Died(Id, ExitText, Duration),
    /// One was too long silent.
    #[error("worker {0} has not answered for {1:?}: it is killed")]
    Silent(Id, Duration),
    /// One took too long to start.
    #[error("worker {0} is not ready after {1:?}: it is killed")]
    Late(Id, Duration),
    /// One took too long to end.
    #[error("worker {0} has not ended within {1:?}: it is killed")]
    Stuck(Id, Duration),
    /// One could not start.
    #[error("worker {0} did not become ready, {1}")]
    NotReady(Id, ExitText),
    /// A replacement was given up.
    #[error("{0} workers in a row did not become ready: the old ones go on")]
    GivenUp(u32),
    /// Everything was given up.
    #[error("no worker can be started: that is the end")]
    Hopeless,
    /// Somebody asked for something else to be.
    #[error("{0} workers are wanted now")]
    Wanted(usize),
    /// All are being replaced.
    #[error("workers are replaced, one by one")]
    Rolling,
}

/// For a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitText(pub Exit);

impl std::fmt::Display for ExitText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Exit::Code(code) => write!(formatter, "with exit code {code}"),
            Exit::Signal(signal) => write!(formatter, "by signal {signal}"),
            Exit::NotStarted => formatter.write_str("as it could not even be started"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Starting {
        since: Duration,
    },
    Ready {
        since: Duration,
        heard: Duration,
    },
    /// It was told to end, or was killed.
    Ending {
        until: Duration,
        killed: bool,
    },
}

#[derive(Debug)]
struct Worker {
    state: State,
    /// It is to be replaced.
    retiring: bool,
    /// It has never been ready.
    fresh: bool,
}

/// The end of all, which has begun.
#[derive(Debug, Clone, Copy)]
struct Ending {
    code: u8,
}

/// The supervisor's mind.
#[derive(Debug)]
pub struct Machine {
    policy: Policy,
    wanted: usize,
    workers: BTreeMap<Id, Worker>,
    next: Id,
    /// How many workers in a row did not live long.
    strikes: u32,
    /// How many in a row did not become ready.
    failures: u32,
    /// Nobody is started before.
    not_before: Duration,
    /// All were ready once.
    started: bool,
    ending: Option<Ending>,
    actions: Vec<Action>,
}

impl Machine {
    /// A supervisor without workers yet. The first [`Event::Time`] starts them.
    pub fn new(policy: Policy) -> Self {
        Self {
            wanted: policy.workers.max(1),
            policy,
            workers: BTreeMap::new(),
            next: 1,
            strikes: 0,
            failures: 0,
            not_before: Duration::ZERO,
            started: false,
            ending: None,
            actions: Vec::new(),
        }
    }

    /// How many workers are ready, and not told to end.
    pub fn ready(&self) -> usize {
        self.workers.values().filter(|worker| matches!(worker.state, State::Ready { .. })).count()
    }

    /// How many workers there are, whatever they do.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// What is to be done because of an event. `now` is the time since some fixed moment, and does not go back.
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        match event {
            Event::Ready(id) => {
                if let Some(worker) = self.workers.get_mut(&id)
                    && matches!(worker.state, State::Starting { .. })
                {
                    worker.state = State::Ready { since: now, heard: now };
                    worker.fresh = false;
                    self.failures = 0;
                }
            }
            Event::Beat(id) => {
                if let Some(Worker { state: State::Ready { heard, .. }, .. }) =
                    self.workers.get_mut(&id)
                {
                    *heard = now;
                }
            }
            Event::Enough(id) => {
                if let Some(worker) = self.workers.get_mut(&id) {
                    worker.retiring = true;
                }
            }
            Event::Exited(id, exit) => self.exited(now, id, exit),
            Event::Asked(ask) => self.asked(now, ask),
            Event::Time => {}
        }
        self.look_after(now);
        if self.ending.is_none() {
            self.settle(now);
        }
        if let Some(Ending { code }) = self.ending
            && self.workers.is_empty()
        {
            self.actions.push(Action::End(code));
        }
        std::mem::take(&mut self.actions)
    }

    /// When [`Event::Time`] is due, if nothing happens before.
    pub fn deadline(&self) -> Option<Duration> {
        let bounds = self.workers.values().filter_map(|worker| match worker.state {
            State::Starting { since } => Some(since.saturating_add(self.policy.start)),
            State::Ready { heard, .. } => Some(heard.saturating_add(self.policy.health)),
            State::Ending { killed: true, .. } => None,
            State::Ending { until, .. } => Some(until),
        });
        let start =
            (self.ending.is_none() && self.coming() < self.needed()).then_some(self.not_before);
        bounds.chain(start).min()
    }

    /// Those that are ready, or are to be.
    fn coming(&self) -> usize {
        // One that did not become ready counts until it is gone: then it is known what comes of it.
        let counts =
            |worker: &&Worker| worker.fresh || !matches!(worker.state, State::Ending { .. });
        self.workers.values().filter(counts).count()
    }

    // ANCHOR: needed
    /// How many there are to be: one more while one of them is to be replaced.
    fn needed(&self) -> usize {
        let retiring = self
            .workers
            .values()
            .any(|worker| worker.retiring && !matches!(worker.state, State::Ending { .. }));
        self.wanted + usize::from(retiring)
    }

    /// Who is missing is started, and one that is too many is told to end.
    fn settle(&mut self, now: Duration) {
        while self.ready() > self.wanted {
            let ready = |worker: &Worker| matches!(worker.state, State::Ready { .. });
            let mut ids = self.workers.iter().filter(|(_, worker)| ready(worker));
            // The oldest of those that are to be replaced; else the youngest, as SIGTTOU has it.
            let oldest = ids.clone().find(|(_, worker)| worker.retiring);
            let Some((&id, _)) = oldest.or_else(|| ids.next_back()) else { break };
            self.terminate(now, id);
        }
        while self.coming() < self.needed() && now >= self.not_before {
            let (id, state) = (self.next, State::Starting { since: now });
            self.next += 1;
            self.workers.insert(id, Worker { state, retiring: false, fresh: true });
            self.actions.push(Action::Spawn(id));
        }
        if !self.started && self.ready() >= self.wanted {
            self.started = true;
            self.actions.push(Action::Ready);
        }
    }
    // ANCHOR_END: needed

    fn terminate(&mut self, now: Duration, id: Id) {
        let until = now.saturating_add(self.policy.stop);
        if let Some(worker) = self.workers.get_mut(&id)
            && !matches!(worker.state, State::Ending { .. })
        {
            worker.state = State::Ending { until, killed: false };
            self.actions.push(Action::Terminate(id));
        }
    }

    /// Those that have run out of time are killed.
    fn look_after(&mut self, now: Duration) {
        let policy = &self.policy;
        let mut young = false;
        for (&id, worker) in &mut self.workers {
            let note = match worker.state {
                State::Starting { since } if now >= since.saturating_add(policy.start) => {
                    Note::Late(id, policy.start)
                }
                State::Ready { heard, .. } if now >= heard.saturating_add(policy.health) => {
                    Note::Silent(id, now.saturating_sub(heard))
                }
                State::Ending { until, killed: false } if now >= until => {
                    Note::Stuck(id, policy.stop)
                }
                State::Ready { since, .. } => {
                    young |= now < since.saturating_add(policy.stable);
                    continue;
                }
                _ => continue,
            };
            worker.state = State::Ending { until: now, killed: true };
            self.actions.push(Action::Say(note));
            self.actions.push(Action::Kill(id));
        }
        if !young && self.ready() >= self.wanted {
            self.strikes = 0;
        }
    }

    fn exited(&mut self, now: Duration, id: Id, exit: Exit) {
        let Some(worker) = self.workers.remove(&id) else { return };
        let text = ExitText(exit);
        if let Some(ending) = &mut self.ending {
            // The first code that is not well is the whole's; that of a start that was interrupted is none of its own.
            let well = worker.fresh || exit == Exit::Code(0);
            if ending.code == 0 && !well {
                ending.code = 1;
            }
            return;
        }
        if worker.fresh {
            self.actions.push(Action::Say(Note::NotReady(id, text)));
            self.failed_to_start(now);
            return;
        }
        let lived_long = match worker.state {
            State::Ready { since, .. } => now >= since.saturating_add(self.policy.stable),
            // As it was told.
            State::Ending { killed: false, .. } => return,
            // It was killed after it had served.
            _ => true,
        };
        if lived_long {
            self.strikes = 0;
        }
        let pause = if lived_long { Duration::ZERO } else { self.pause() };
        self.not_before = self.not_before.max(now.saturating_add(pause));
        self.actions.push(Action::Say(Note::Died(id, text, pause)));
    }

    fn failed_to_start(&mut self, now: Duration) {
        if !self.started {
            self.actions.push(Action::Say(Note::Hopeless));
            self.end(now, 3);
            return;
        }
        self.failures += 1;
        let pause = self.pause();
        self.not_before = self.not_before.max(now.saturating_add(pause));
        if self.failures < self.policy.attempts {
            return;
        }
        if self.ready() == 0 {
            self.actions.push(Action::Say(Note::Hopeless));
            self.end(now, 3);
        } else if self.workers.values().any(|worker| worker.retiring) {
            // What they would be replaced by does not start. They do.
            self.actions.push(Action::Say(Note::GivenUp(self.failures)));
            self.workers.values_mut().for_each(|worker| worker.retiring = false);
        }
    }

    /// One more has not lived long: how long to wait.
    fn pause(&mut self) -> Duration {
        let factor = 2_u32.saturating_pow(self.strikes.min(20));
        self.strikes += 1;
        self.policy.pause.saturating_mul(factor).min(self.policy.longest_pause)
    }

    fn asked(&mut self, now: Duration, ask: Ask) {
        match (ask, self.ending.is_some()) {
            (Ask::Terminate | Ask::Interrupt, false) => {
                // As without a supervisor: nothing was served, so it is as if the signal had ended the process.
                let code = match (self.started, ask) {
                    (true, _) => 0,
                    (false, Ask::Interrupt) => 130,
                    (false, _) => 143,
                };
                self.end(now, code);
            }
            (Ask::Interrupt, true) => {
                self.ending = Some(Ending { code: 130 });
                let until = now.saturating_add(Duration::from_secs(1));
                for (&id, worker) in &mut self.workers {
                    if !matches!(worker.state, State::Ending { killed: true, .. }) {
                        worker.state = State::Ending { until, killed: false };
                        self.actions.push(Action::Interrupt(id));
                    }
                }
            }
            (_, true) => {}
            (Ask::Hangup, false) => {
                self.actions.push(Action::Say(Note::Rolling));
                (self.failures, self.strikes, self.not_before) = (0, 0, now);
                self.workers.values_mut().for_each(|worker| worker.retiring = true);
            }
            (Ask::More, false) => self.want(self.wanted + 1),
            (Ask::Fewer, false) => self.want((self.wanted - 1).max(1)),
        }
    }

    fn want(&mut self, wanted: usize) {
        self.wanted = wanted;
        self.actions.push(Action::Say(Note::Wanted(wanted)));
    }

    fn end(&mut self, now: Duration, code: u8) {
        self.ending = Some(Ending { code });
        self.actions.push(Action::Stopping);
        let ids: Vec<_> = self.workers.keys().copied().collect();
        for id in ids {
            self.terminate(now, id);
        }
    }
}
