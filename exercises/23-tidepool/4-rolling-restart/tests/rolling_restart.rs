//! Supervisors, and workers that do what they like.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use rolling_restart::{Action, Event, Id, Policy, Supervisor};

const STEP: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);

fn policy(workers: usize) -> Policy {
    Policy {
        workers,
        start: 5 * SECOND,
        stop: 3 * SECOND,
        young: 10 * SECOND,
        pause: STEP,
        longest_pause: 2 * SECOND,
    }
}

/// A worker's process.
#[derive(Debug, Clone, Copy)]
struct Process {
    spawned: Duration,
    ready: bool,
    old: bool,
    told: Option<Duration>,
    killed: bool,
}

/// All that is outside of the supervisor, and somebody who knows what has to happen there.
struct World {
    supervisor: Supervisor,
    policy: Policy,
    now: Duration,
    alive: BTreeMap<Id, Process>,
    spawned: Vec<Id>,
    row: u32,
    pause_until: Duration,
    /// Since `Term`: the code to exit with.
    end: Option<u8>,
    exited: bool,
    history: Vec<(Duration, Event, Vec<Action>)>,
}

impl World {
    fn new(workers: usize) -> Self {
        let policy = policy(workers);
        Self {
            supervisor: Supervisor::new(policy),
            policy,
            now: Duration::ZERO,
            alive: BTreeMap::new(),
            spawned: Vec::new(),
            row: 0,
            pause_until: Duration::ZERO,
            end: None,
            exited: false,
            history: Vec::new(),
        }
    }

    /// So many workers, all ready, and no longer young.
    fn serving(workers: usize) -> Self {
        let mut world = Self::new(workers);
        world.event(Event::Tick);
        world.all_ready();
        world.pass(20 * SECOND);
        world
    }

    /// Those who have not been told to stop.
    fn staying(&self) -> impl Iterator<Item = &Process> {
        self.alive.values().filter(|process| process.told.is_none())
    }

    fn ready(&self) -> usize {
        self.staying().filter(|process| process.ready).count()
    }

    /// How many there are to be who have not been told to stop.
    fn wanted(&self) -> usize {
        self.policy.workers + usize::from(self.staying().any(|process| process.old))
    }

    /// What the event does to the world, before the supervisor hears of it.
    fn happens(&mut self, event: Event) {
        match event {
            Event::Ready(id) => {
                let process = self.alive.get_mut(&id).expect("the test knows who is alive");
                process.ready = !process.killed;
            }
            Event::Exited(id, code) => {
                let process = self.alive.remove(&id).expect("the test knows who is alive");
                if let Some(end) = &mut self.end {
                    *end = (*end).max(code.min(1));
                } else if process.told.is_none() {
                    self.died(process);
                }
            }
            Event::Hup if self.end.is_none() => {
                self.alive.values_mut().for_each(|process| process.old = true);
                (self.row, self.pause_until) = (0, self.now);
            }
            Event::Term if self.end.is_none() => self.end = Some(0),
            Event::Hup | Event::Term | Event::Tick => {}
        }
    }

    fn died(&mut self, process: Process) {
        if !process.ready && !process.old {
            self.alive.values_mut().for_each(|process| process.old = false);
        }
        if process.ready && self.now >= process.spawned + self.policy.young {
            self.row = 0;
            return;
        }
        let pause = self.policy.pause * 2_u32.pow(self.row.min(10));
        self.pause_until = self.pause_until.max(self.now + pause.min(self.policy.longest_pause));
        self.row += 1;
    }

    /// What is wrong with an action; if nothing is, it is done.
    fn act(&mut self, action: Action) -> Result<(), String> {
        let wanted = self.wanted();
        if self.exited {
            return Err(format!("{action:?} comes after the supervisor has exited"));
        }
        match action {
            Action::Spawn(id) => {
                if self.spawned.contains(&id) {
                    return Err(format!("Spawn({id}): there was a worker {id} before"));
                }
                if self.end.is_some() {
                    return Err(format!("Spawn({id}): nobody is to be spawned after Term"));
                }
                if self.now < self.pause_until {
                    return Err(format!(
                        "Spawn({id}): there is a pause until {:?}",
                        self.pause_until
                    ));
                }
                let staying = self.staying().count();
                if staying >= wanted {
                    let old = self.staying().filter(|process| process.old).count();
                    return Err(format!(
                        "Spawn({id}): nobody is missing. Not told to stop: {staying} ({old} of them old); wanted: {wanted}"
                    ));
                }
                self.spawned.push(id);
                let process = Process {
                    spawned: self.now,
                    ready: false,
                    old: false,
                    told: None,
                    killed: false,
                };
                self.alive.insert(id, process);
            }
            Action::Stop(id) => {
                let Some(&process) = self.alive.get(&id) else {
                    return Err(format!("Stop({id}): there is no worker {id}"));
                };
                if process.told.is_some() {
                    return Err(format!("Stop({id}): worker {id} has been told before"));
                }
                let left = self.ready() - usize::from(process.ready);
                if self.end.is_none() && left < self.policy.workers {
                    return Err(format!(
                        "Stop({id}) leaves {left} ready workers, and there must never be fewer than {}",
                        self.policy.workers
                    ));
                }
                if self.end.is_none() && !process.old {
                    return Err(format!("Stop({id}): worker {id} is not old"));
                }
                self.alive.insert(id, Process { told: Some(self.now), ..process });
            }
            Action::Kill(id) => {
                let Some(&process) = self.alive.get(&id) else {
                    return Err(format!("Kill({id}): there is no worker {id}"));
                };
                if process.killed {
                    return Err(format!("Kill({id}): worker {id} was killed before"));
                }
                if !self.is_late(process) {
                    let Policy { start, stop, .. } = self.policy;
                    let why = match process.told {
                        Some(told) => {
                            format!("was told at {told:?}, and has {stop:?} from then on")
                        }
                        None if process.ready => "is ready, and was not told to stop".to_owned(),
                        None => format!(
                            "was spawned at {:?}, and has {start:?} to be ready",
                            process.spawned
                        ),
                    };
                    return Err(format!("Kill({id}): worker {id} {why}"));
                }
                self.alive.insert(id, Process { killed: true, ..process });
            }
            Action::Exit(code) => {
                let Some(expected) = self.end else {
                    return Err(format!("Exit({code}): nobody has asked for the end"));
                };
                if !self.alive.is_empty() {
                    return Err(format!(
                        "Exit({code}): there are still workers: {:?}",
                        self.alive.keys()
                    ));
                }
                if code != expected {
                    return Err(format!("Exit({code}): the code has to be {expected}"));
                }
                self.exited = true;
            }
        }
        Ok(())
    }

    fn is_late(&self, process: Process) -> bool {
        match process.told {
            Some(told) => self.now >= told + self.policy.stop,
            None => !process.ready && self.now >= process.spawned + self.policy.start,
        }
    }

    /// What has not been done, though it should have been.
    fn is_missing(&self) -> Result<(), String> {
        for (id, process) in &self.alive {
            if self.is_late(*process) && !process.killed {
                let (bound, what) = match process.told {
                    Some(_) => (self.policy.stop, "was told to stop, and is still there"),
                    None => (self.policy.start, "was spawned, and is not ready"),
                };
                return Err(format!("worker {id} {what} {bound:?} later, and is not killed"));
            }
            if self.end.is_some() && process.told.is_none() && !process.killed {
                return Err(format!("worker {id} is not stopped after Term"));
            }
        }
        if self.end.is_some() {
            let over = self.alive.is_empty() && !self.exited;
            return if over {
                Err("the last worker is gone after Term, and the supervisor does not exit"
                    .to_owned())
            } else {
                Ok(())
            };
        }
        let (staying, wanted, ready) = (self.staying().count(), self.wanted(), self.ready());
        if ready > self.policy.workers {
            return Err(format!(
                "{ready} workers are ready where {} are to be, and no old one is stopped",
                self.policy.workers
            ));
        }
        if staying < wanted && self.now >= self.pause_until {
            let old = self.staying().filter(|process| process.old).count();
            return Err(format!(
                "somebody is missing, and is not spawned. Not told to stop: {staying} ({old} of them old); wanted: {wanted}. \
                 No pause runs since {:?}",
                self.pause_until
            ));
        }
        Ok(())
    }

    /// Something happens, and the supervisor has to act as it should.
    fn tries(&mut self, event: Event) -> Result<(), String> {
        self.happens(event);
        let actions = self.supervisor.handle(self.now, event);
        if event != Event::Tick || !actions.is_empty() {
            self.history.push((self.now, event, actions.clone()));
        }
        actions.into_iter().try_for_each(|action| self.act(action))?;
        self.is_missing()
    }

    #[track_caller]
    fn event(&mut self, event: Event) {
        if let Err(error) = self.tries(event) {
            panic!("{error}\n{}", self.story());
        }
    }

    /// What has happened so far, the end of it.
    fn story(&self) -> String {
        let workers = self.policy.workers;
        let mut story = format!(
            "What has happened (workers: {workers}, and the rest as in `policy` at the top of the tests):\n"
        );
        let skipped = self.history.len().saturating_sub(16);
        if skipped > 0 {
            story.push_str("  …\n");
        }
        for (at, event, actions) in &self.history[skipped..] {
            let at = format!("{at:?}");
            writeln!(story, "  {at:>6}  {event:?} → {actions:?}").expect("a string takes all");
        }
        write!(story, "and it is {:?} now", self.now).expect("a string takes all");
        story
    }

    /// Time goes by.
    #[track_caller]
    fn pass(&mut self, time: Duration) {
        if let Err(error) = self.tries_to_pass(time) {
            panic!("{error}\n{}", self.story());
        }
    }

    fn tries_to_pass(&mut self, time: Duration) -> Result<(), String> {
        let end = self.now + time;
        // A supervisor that has exited is not asked any more.
        while self.now < end && !self.exited {
            self.now += STEP;
            self.tries(Event::Tick)?;
        }
        Ok(())
    }

    fn starting(&self) -> Vec<Id> {
        let starting =
            |process: &Process| !process.ready && process.told.is_none() && !process.killed;
        self.alive.iter().filter(|(_, process)| starting(process)).map(|(&id, _)| id).collect()
    }

    fn told(&self) -> Vec<Id> {
        let going = |process: &Process| process.told.is_some() || process.killed;
        self.alive.iter().filter(|(_, process)| going(process)).map(|(&id, _)| id).collect()
    }

    /// All that start are ready.
    #[track_caller]
    fn all_ready(&mut self) {
        for id in self.starting() {
            self.event(Event::Ready(id));
        }
    }

    /// All that were told to end do.
    #[track_caller]
    fn obey(&mut self) {
        for id in self.told() {
            self.event(Event::Exited(id, 0));
        }
    }

    /// The one that is starting.
    #[track_caller]
    fn the_new_one(&self) -> Id {
        match self.starting()[..] {
            [id] => id,
            ref other => {
                panic!("one worker should be starting, and it is {other:?}\n{}", self.story())
            }
        }
    }

    /// As long as somebody starts, it is ready a second later, and who is told ends.
    #[track_caller]
    fn goes_on(&mut self) {
        for _ in 0..20 {
            self.pass(SECOND);
            self.all_ready();
            self.obey();
        }
    }

    /// How many have been spawned since there were so many.
    #[track_caller]
    fn spawned(&self, before: usize, expected: usize, when: &str) {
        proctor::expect_eq!(
            self.spawned.len() - before,
            expected,
            "how many workers were spawned {when}\n{}\n",
            self.story()
        );
    }
}

#[test]
fn it_starts_all_of_them_and_is_content() {
    proctor::watch(|| {
        for workers in 1..=4 {
            let mut world = World::new(workers);
            world.event(Event::Tick);
            world.spawned(0, workers, "by the first tick");
            world.pass(SECOND);
            world.all_ready();
            world.pass(60 * SECOND);
            world.spawned(0, workers, "in a minute in which all is well");
        }
    });
}

#[test]
fn a_roll_replaces_all_of_them_once() {
    proctor::watch(|| {
        for workers in 1..=4 {
            let mut world = World::serving(workers);
            let old: Vec<_> = world.alive.keys().copied().collect();
            world.event(Event::Hup);
            world.spawned(workers, 1, "by Hup: one more at a time");
            world.goes_on();
            world.spawned(workers, workers, "by a roll in which all goes well");
            for id in old {
                assert!(
                    !world.alive.contains_key(&id),
                    "worker {id} is not replaced\n{}",
                    world.story()
                );
            }
        }
    });
}

#[test]
fn the_old_one_serves_until_the_new_one_does() {
    proctor::watch(|| {
        let mut world = World::serving(2);
        world.event(Event::Hup);
        world.pass(4 * SECOND);
        proctor::expect_eq!(world.ready(), 2, "how many are ready while the new one starts");
        let new = world.the_new_one();
        world.event(Event::Ready(new));
        proctor::expect_eq!(
            world.told().len(),
            1,
            "how many are told to stop when the new one is ready"
        );
        // The one that was told takes its time, and the next one is not delayed by that.
        world.pass(SECOND);
        let next = world.the_new_one();
        world.event(Event::Ready(next));
        proctor::expect_eq!(
            world.told().len(),
            2,
            "how many are told to stop when the second new one is ready"
        );
    });
}

#[test]
fn an_old_one_that_dies_during_a_roll_is_missing() {
    proctor::watch(|| {
        let mut world = World::serving(2);
        world.event(Event::Hup);
        let old = *world.alive.keys().next().expect("two are serving");
        world.event(Event::Exited(old, 1));
        world.goes_on();
        let old = world.alive.values().filter(|process| process.old).count();
        proctor::expect_eq!(
            (world.ready(), old),
            (2, 0),
            "how many are ready and how many old, in the end"
        );
    });
}

#[test]
fn a_new_one_that_dies_after_it_was_ready_does_not_end_the_roll() {
    proctor::watch(|| {
        let mut world = World::serving(3);
        world.event(Event::Hup);
        let new = world.the_new_one();
        world.event(Event::Ready(new));
        world.pass(SECOND);
        world.event(Event::Exited(new, 1));
        world.goes_on();
        let old = world.alive.values().filter(|process| process.old).count();
        proctor::expect_eq!(
            (world.ready(), old),
            (3, 0),
            "how many are ready and how many old, in the end"
        );
    });
}

#[test]
fn a_hup_during_a_roll_makes_all_old() {
    proctor::watch(|| {
        let mut world = World::serving(3);
        world.event(Event::Hup);
        let first = world.the_new_one();
        world.event(Event::Ready(first));
        world.pass(SECOND);
        let second = world.the_new_one();
        world.event(Event::Hup);
        world.pass(SECOND);
        world.goes_on();
        for id in [first, second] {
            assert!(
                !world.alive.contains_key(&id),
                "worker {id} was spawned before the second Hup, and is not replaced\n{}",
                world.story()
            );
        }
        proctor::expect_eq!(world.alive.len(), 3, "how many workers there are in the end");
    });
}

#[test]
fn a_new_version_that_does_not_start_leaves_the_old_one() {
    proctor::watch(|| {
        for exits in [true, false] {
            let mut world = World::serving(2);
            let old: Vec<_> = world.alive.keys().copied().collect();
            world.event(Event::Hup);
            let new = world.the_new_one();
            if !exits {
                // It hangs, and is killed.
                world.pass(5 * SECOND);
                world.pass(SECOND);
                assert!(world.alive[&new].killed, "worker {new} has never been ready, and lives");
            }
            world.event(Event::Exited(new, 1));
            world.pass(60 * SECOND);
            world.spawned(2, 1, "by a roll whose first new worker does not get ready");
            proctor::expect_eq!(
                world.alive.keys().copied().collect::<Vec<_>>(),
                old,
                "the workers that are there, after the roll was given up"
            );
            // The next one is a new try.
            world.event(Event::Hup);
            world.goes_on();
            world.spawned(3, 2, "by the next roll, in which all goes well");
        }
    });
}

#[test]
fn a_roll_is_given_up_in_the_middle_too() {
    proctor::watch(|| {
        let mut world = World::serving(3);
        world.event(Event::Hup);
        let first = world.the_new_one();
        world.event(Event::Ready(first));
        let second = world.the_new_one();
        world.event(Event::Exited(second, 1));
        world.pass(60 * SECOND);
        world.obey();
        world.pass(60 * SECOND);
        world.spawned(3, 2, "by a roll whose second new worker does not get ready");
        proctor::expect_eq!(world.ready(), 3, "how many are ready in the end");
    });
}

#[test]
fn one_of_an_earlier_version_says_nothing_about_the_next() {
    proctor::watch(|| {
        let mut world = World::serving(2);
        world.event(Event::Hup);
        let bad = world.the_new_one();
        // It was bad, and has been mended, and here it is.
        world.event(Event::Hup);
        world.pass(SECOND);
        world.event(Event::Exited(bad, 1));
        world.goes_on();
        let old = world.alive.values().filter(|process| process.old).count();
        proctor::expect_eq!(
            (world.ready(), old),
            (2, 0),
            "how many are ready and how many old, in the end"
        );
    });
}

#[test]
fn who_is_late_is_killed_once() {
    proctor::watch(|| {
        // One that does not start.
        let mut world = World::new(1);
        world.event(Event::Tick);
        world.pass(20 * SECOND);
        proctor::expect_eq!(
            world.told().len(),
            1,
            "how many were killed of one that does not start"
        );
        world.spawned(0, 1, "while one that was killed is not gone");
        // One that does not end.
        let mut world = World::serving(1);
        world.event(Event::Hup);
        world.all_ready();
        world.pass(20 * SECOND);
        let stubborn = world.alive.values().filter(|process| process.killed).count();
        proctor::expect_eq!(stubborn, 1, "how many were killed of one that does not end");
        // One that is ready in time, and has all the time from then on.
        let mut world = World::new(1);
        world.event(Event::Tick);
        world.pass(49 * STEP);
        world.all_ready();
        world.pass(20 * SECOND);
        proctor::expect_eq!(
            world.told().len(),
            0,
            "how many were killed of one that was ready in time"
        );
    });
}

#[test]
fn who_was_killed_does_not_get_ready() {
    proctor::watch(|| {
        let mut world = World::serving(2);
        world.event(Event::Hup);
        let new = world.the_new_one();
        world.pass(5 * SECOND);
        // It has said so in the moment in which it was killed.
        world.event(Event::Ready(new));
        proctor::expect_eq!(
            world.told(),
            [new],
            "who was told to stop or killed, when a word of the new one comes that was killed before"
        );
        world.event(Event::Exited(new, 137));
        world.pass(60 * SECOND);
        world.spawned(2, 1, "by a roll whose first new worker was killed");
    });
}

#[test]
fn who_has_lived_is_replaced_at_once() {
    proctor::watch(|| {
        let mut world = World::serving(2);
        for number in 1..=3 {
            let id = *world.alive.keys().next().expect("somebody is there");
            world.event(Event::Exited(id, 1));
            world.spawned(1 + number, 1, "when a worker died that had lived for more than 10 s");
            world.all_ready();
            world.pass(10 * SECOND);
        }
    });
}

#[test]
fn those_who_die_young_make_longer_and_longer_pauses() {
    proctor::watch(|| {
        let mut world = World::serving(2);
        let mut pauses = Vec::new();
        let mut victim = *world.alive.keys().next_back().expect("two are serving");
        world.event(Event::Exited(victim, 1));
        for number in 0..7 {
            victim = *world.spawned.last().expect("it was spawned");
            if number % 2 == 0 {
                world.event(Event::Ready(victim));
                world.pass(2 * SECOND);
            }
            world.event(Event::Exited(victim, 1));
            let (before, spawned) = (world.now, world.spawned.len());
            while world.spawned.len() == spawned && world.now < before + 10 * SECOND {
                world.pass(STEP);
            }
            pauses.push(world.now.saturating_sub(before).as_millis());
        }
        proctor::expect_eq!(
            pauses,
            [100, 200, 400, 800, 1_600, 2_000, 2_000],
            "the pauses in milliseconds, where workers die young, one after the other, ready or not"
        );
        // One that lives ends the row.
        world.all_ready();
        world.pass(10 * SECOND);
        let id = *world.spawned.last().expect("it was spawned");
        let spawned = world.spawned.len();
        world.event(Event::Exited(id, 1));
        world.spawned(spawned, 1, "at once, when one died that had lived for 10 s");
        let id = world.the_new_one();
        world.event(Event::Exited(id, 1));
        world.pass(STEP);
        world.spawned(spawned, 2, "after the first pause of a new row");
    });
}

#[test]
fn a_pause_is_not_cut_short_by_another() {
    proctor::watch(|| {
        let mut world = World::serving(4);
        for victim in [1, 2] {
            let id = world.spawned[victim];
            world.event(Event::Exited(id, 1));
        }
        let [first, other] = world.starting()[..] else { panic!("{}", world.story()) };
        world.event(Event::Ready(other));
        // Three in a row die young, and the pause after the third is one of 400 ms.
        world.event(Event::Exited(first, 1));
        for _ in 0..2 {
            world.pass(2 * STEP);
            let id = world.the_new_one();
            world.event(Event::Exited(id, 1));
        }
        let spawned = world.spawned.len();
        // One that has lived ends the row, but not the pause, and the next one makes the first of a new row: 100 ms.
        let old = world.spawned[0];
        world.event(Event::Exited(old, 1));
        world.event(Event::Exited(other, 1));
        world.pass(3 * STEP);
        world.spawned(spawned, 0, "in the first 300 ms of a pause of 400 ms");
        world.pass(STEP);
        world.spawned(spawned, 3, "when it was over");
    });
}

#[test]
fn a_row_may_be_long() {
    proctor::watch(|| {
        let mut world = World::new(1);
        world.event(Event::Tick);
        // A night with a version that does not start.
        for _ in 0..100 {
            let id = world.the_new_one();
            world.event(Event::Exited(id, 1));
            world.pass(2 * SECOND);
        }
        world.spawned(
            0,
            101,
            "while each of a hundred does not start, and no pause is longer than 2 s",
        );
    });
}

#[test]
fn a_hup_ends_the_pause() {
    proctor::watch(|| {
        let mut world = World::new(1);
        world.event(Event::Tick);
        for _ in 0..6 {
            let id = world.the_new_one();
            world.event(Event::Exited(id, 3));
            world.pass(2 * SECOND);
        }
        let id = world.the_new_one();
        world.event(Event::Exited(id, 3));
        let spawned = world.spawned.len();
        world.event(Event::Hup);
        world.spawned(spawned, 1, "by Hup, in a pause of 2 s after a version that does not start");
        let id = world.the_new_one();
        world.event(Event::Exited(id, 3));
        world.pass(STEP);
        world.spawned(spawned, 2, "after the first pause of a new row");
    });
}

#[test]
fn term_stops_all_of_them_and_waits() {
    proctor::watch(|| {
        let mut world = World::serving(3);
        world.event(Event::Term);
        proctor::expect_eq!(world.told().len(), 3, "how many are told to stop by Term");
        world.pass(SECOND);
        world.event(Event::Term);
        world.event(Event::Hup);
        world.pass(SECOND);
        world.obey();
        assert!(
            world.exited,
            "all have ended, and the supervisor has not exited\n{}",
            world.story()
        );
    });
}

#[test]
fn the_code_says_whether_all_went_well() {
    proctor::watch(|| {
        for codes in [[0, 0], [1, 0], [0, 137]] {
            let mut world = World::serving(2);
            world.event(Event::Term);
            world.pass(3 * SECOND);
            for (id, code) in world.told().into_iter().zip(codes) {
                world.event(Event::Exited(id, code));
            }
            assert!(
                world.exited,
                "all have ended, and the supervisor has not exited\n{}",
                world.story()
            );
        }
        // A second Term is not the beginning.
        let mut world = World::serving(2);
        world.event(Event::Term);
        let [first, second] = world.told()[..] else { panic!("{}", world.story()) };
        world.event(Event::Exited(first, 1));
        world.event(Event::Term);
        world.event(Event::Exited(second, 0));
        assert!(
            world.exited,
            "all have ended, and the supervisor has not exited\n{}",
            world.story()
        );
        // What was before the end is not part of it.
        let mut world = World::serving(1);
        let id = world.spawned[0];
        world.event(Event::Exited(id, 1));
        world.all_ready();
        world.event(Event::Term);
        world.obey();
        assert!(
            world.exited,
            "all have ended, and the supervisor has not exited\n{}",
            world.story()
        );
    });
}

#[test]
fn term_during_a_roll_is_the_end_of_it() {
    proctor::watch(|| {
        let mut world = World::serving(2);
        world.event(Event::Hup);
        let first = world.the_new_one();
        world.event(Event::Ready(first));
        world.pass(SECOND);
        // One old one is ending, one is ready, one new one is ready, and one is starting.
        let starting = world.the_new_one();
        world.event(Event::Term);
        assert!(
            world.alive[&starting].told.is_some(),
            "the one that was starting is not told to stop\n{}",
            world.story()
        );
        world.pass(SECOND);
        world.event(Event::Ready(starting));
        world.obey();
        assert!(
            world.exited,
            "all have ended, and the supervisor has not exited\n{}",
            world.story()
        );
    });
}

#[test]
fn term_without_workers_is_the_end_at_once() {
    proctor::watch(|| {
        let mut world = World::new(1);
        world.event(Event::Tick);
        let id = world.the_new_one();
        world.event(Event::Exited(id, 1));
        world.event(Event::Term);
        assert!(
            world.exited,
            "nobody is there, and the supervisor has not exited\n{}",
            world.story()
        );
    });
}

/// Something that may happen. Numbers choose among the workers that it can happen to.
#[derive(Debug, Clone, Copy)]
enum Step {
    Ready(u64),
    Obey(u64),
    Die(u64),
    Hup,
    Pass(u64),
}

/// Numbers that look like chance, and are the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn step(&mut self) -> Step {
        match self.below(10) {
            0..=2 => Step::Ready(self.below(8)),
            3 | 4 => Step::Obey(self.below(8)),
            5 => Step::Die(self.below(8)),
            6 => Step::Hup,
            _ => Step::Pass(1 + self.below(20)),
        }
    }
}

fn choose(ids: &[Id], number: u64) -> Option<Id> {
    let count = u64::try_from(ids.len()).expect("they are few");
    let at = number.checked_rem(count)?;
    ids.get(usize::try_from(at).expect("they are few")).copied()
}

impl World {
    fn step(&mut self, step: Step) -> Result<(), String> {
        let event = match step {
            Step::Ready(number) => choose(&self.starting(), number).map(Event::Ready),
            Step::Obey(number) => choose(&self.told(), number).map(|id| Event::Exited(id, 0)),
            Step::Die(number) => {
                let all: Vec<_> = self.alive.keys().copied().collect();
                choose(&all, number).map(|id| Event::Exited(id, 1))
            }
            Step::Hup => Some(Event::Hup),
            Step::Pass(steps) => {
                return self.tries_to_pass(STEP * u32::try_from(steps).expect("they are few"));
            }
        };
        event.map_or(Ok(()), |event| self.tries(event))
    }

    /// All of that happens; then all goes well for a while, if it has the time, and then it is over.
    fn lives(&mut self, steps: &[Step], has_time: bool) -> Result<(), String> {
        self.tries(Event::Tick)?;
        steps.iter().try_for_each(|&step| self.step(step))?;
        for _ in 0..if has_time { 12 } else { 0 } {
            self.tries_to_pass(SECOND)?;
            for id in self.starting() {
                self.tries(Event::Ready(id))?;
            }
            for id in self.told() {
                self.tries(Event::Exited(id, 0))?;
            }
        }
        let workers = self.policy.workers;
        let old = self.alive.values().filter(|process| process.old).count();
        if has_time && (self.ready(), self.alive.len(), old) != (workers, workers, 0) {
            return Err(format!(
                "all has gone well for a while, and of {} workers {} are ready and {old} old, where {workers} are wanted",
                self.alive.len(),
                self.ready()
            ));
        }
        self.tries(Event::Term)?;
        self.tries_to_pass(2 * SECOND)?;
        if let Some(id) = self.told().pop() {
            self.tries(Event::Exited(id, 1))?;
        }
        self.tries_to_pass(2 * SECOND)?;
        for id in self.told() {
            self.tries(Event::Exited(id, 0))?;
        }
        Ok(())
    }
}

/// Whatever happens, in whatever order. A story that goes wrong is told with as little in it as possible.
#[test]
fn no_order_of_events_leaves_too_few() {
    proctor::watch(|| {
        let goes_wrong = |workers: usize, steps: &[Step], has_time: bool| {
            let mut world = World::new(workers);
            world.lives(steps, has_time).err().map(|error| format!("{error}\n{}", world.story()))
        };
        for seed in 0..240 {
            let mut chance = Chance(seed);
            let workers = usize::try_from(1 + seed % 4).expect("it is small");
            let has_time = seed % 8 < 4;
            // Short ones first: what goes wrong in a few steps is understood sooner.
            let mut steps: Vec<_> = (0..seed / 6).map(|_| chance.step()).collect();
            if goes_wrong(workers, &steps, has_time).is_none() {
                continue;
            }
            let mut at = steps.len();
            while at > 0 {
                at -= 1;
                let step = steps.remove(at);
                if goes_wrong(workers, &steps, has_time).is_none() {
                    steps.insert(at, step);
                }
            }
            panic!("{}", goes_wrong(workers, &steps, has_time).expect("it does"));
        }
    });
}
