//! The supervisor's decisions, under a time that is a number.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use tidepool::supervise::{Action, Ask, Event, Exit, Id, Machine, Note, Policy};

const SECOND: Duration = Duration::from_secs(1);

/// A machine, the workers that it has started and not seen end, and what it has said.
struct Run {
    machine: Machine,
    now: Duration,
    alive: BTreeSet<Id>,
    told: BTreeSet<Id>,
    killed: BTreeSet<Id>,
    actions: Vec<Action>,
}

impl Run {
    fn new(policy: Policy) -> Self {
        let machine = Machine::new(policy);
        let now = Duration::ZERO;
        let (alive, told, killed) = Default::default();
        let mut run = Self { machine, now, alive, told, killed, actions: Vec::new() };
        run.event(Event::Time);
        run
    }

    /// So many workers, all ready.
    fn serving(workers: usize) -> Self {
        let mut run = Self::new(Policy { workers, ..Policy::default() });
        run.all_ready();
        run
    }

    fn event(&mut self, event: Event) -> Vec<Action> {
        if let Event::Exited(id, _) = event {
            self.alive.remove(&id);
            self.told.remove(&id);
        }
        let actions = self.machine.handle(self.now, event);
        for action in &actions {
            match action {
                Action::Spawn(id) => drop(self.alive.insert(*id)),
                Action::Terminate(id) => drop(self.told.insert(*id)),
                Action::Kill(id) => drop(self.killed.insert(*id)),
                _ => {}
            }
        }
        self.actions.extend(actions.clone());
        actions
    }

    fn after(&mut self, time: Duration, event: Event) -> Vec<Action> {
        self.now += time;
        self.event(event)
    }

    fn all_ready(&mut self) {
        for id in self.alive.clone() {
            self.event(Event::Ready(id));
        }
    }

    /// Those that were told to end do.
    fn obey(&mut self) {
        for id in self.told.clone() {
            self.event(Event::Exited(id, Exit::Code(0)));
        }
        for id in std::mem::take(&mut self.killed) {
            self.event(Event::Exited(id, Exit::Signal(9)));
        }
    }

    /// Time goes on, and all workers are well.
    fn pass(&mut self, time: Duration) {
        for _ in 0..time.as_secs() {
            self.now += SECOND;
            for id in self.alive.clone() {
                self.event(Event::Beat(id));
            }
            self.event(Event::Time);
        }
    }

    fn said(&self, note: &str) -> bool {
        let notes = self.actions.iter().filter_map(|action| match action {
            Action::Say(note) => Some(note.to_string()),
            _ => None,
        });
        notes.into_iter().any(|said| said.contains(note))
    }
}

#[test]
fn it_starts_all_at_once_and_is_ready_when_the_last_one_is() {
    let mut run = Run::new(Policy { workers: 3, ..Policy::default() });
    assert_eq!(run.actions, [1, 2, 3].map(Action::Spawn));
    assert_eq!(run.event(Event::Ready(2)), []);
    assert_eq!(run.event(Event::Ready(1)), []);
    assert_eq!(run.event(Event::Ready(3)), [Action::Ready]);
    assert_eq!(run.event(Event::Ready(3)), [], "it is ready once");
}

#[test]
fn a_worker_that_dies_is_replaced_at_once_if_it_had_lived_long() {
    let mut run = Run::serving(2);
    run.pass(60 * SECOND);
    let actions = run.event(Event::Exited(1, Exit::Signal(9)));
    assert_eq!(actions.last(), Some(&Action::Spawn(3)), "{actions:?}");
    assert!(run.said("by signal 9"));
}

#[test]
fn workers_that_die_young_are_replaced_ever_more_slowly_and_forgiven_later() {
    let mut run = Run::serving(2);
    let mut pauses = Vec::new();
    for victim in 2..12 {
        let before = run.now;
        run.event(Event::Exited(victim, Exit::Code(1)));
        while run.alive.len() < 2 {
            run.now = run.machine.deadline().expect("somebody is to be started");
            run.event(Event::Beat(1));
            run.event(Event::Time);
        }
        pauses.push(run.now.saturating_sub(before).as_millis());
        run.event(Event::Ready(victim + 1));
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
    // One that has lived long enough wipes the slate.
    run.pass(11 * SECOND);
    let actions = run.event(Event::Exited(12, Exit::Code(1)));
    assert_eq!(actions.last(), Some(&Action::Spawn(13)), "{actions:?}");
}

#[test]
fn a_worker_that_never_becomes_ready_ends_the_whole_with_code_3() {
    for exit in [Exit::Code(3), Exit::Code(0), Exit::Signal(11), Exit::NotStarted] {
        let mut run = Run::new(Policy::default());
        run.event(Event::Ready(1));
        let actions = run.event(Event::Exited(2, exit));
        assert!(actions.contains(&Action::Terminate(1)), "the other one is told: {actions:?}");
        assert!(run.said("no worker can be started"));
        assert_eq!(run.event(Event::Exited(1, Exit::Code(0))), [Action::End(3)]);
    }
    // One that starts for ever is killed, and that is the same.
    let mut run = Run::new(Policy::default());
    assert_eq!(run.machine.deadline(), Some(Policy::default().start));
    run.event(Event::Ready(1));
    for _ in 0..69 {
        run.after(SECOND, Event::Beat(1));
    }
    run.after(SECOND, Event::Time);
    assert!(run.killed.contains(&2) && run.said("is not ready after 70s"));
    run.event(Event::Exited(2, Exit::Signal(9)));
    assert_eq!(run.event(Event::Exited(1, Exit::Code(0))), [Action::End(3)], "{:?}", run.actions);
}

#[test]
fn one_that_fails_to_start_later_is_tried_again_as_long_as_others_serve() {
    let mut run = Run::serving(2);
    run.pass(20 * SECOND);
    run.event(Event::Exited(1, Exit::Signal(9)));
    for id in 3..20 {
        assert!(run.alive.contains(&id), "worker {id} was not tried");
        run.event(Event::Exited(id, Exit::Code(3)));
        run.pass(11 * SECOND);
    }
    assert_eq!(run.machine.ready(), 1);
    assert!(!run.actions.contains(&Action::Stopping));
    // When nobody serves any more, it is over.
    run.event(Event::Exited(20, Exit::Code(3)));
    run.event(Event::Exited(2, Exit::Signal(9)));
    for _ in 0..10 {
        for id in run.alive.clone() {
            run.event(Event::Exited(id, Exit::Code(3)));
        }
        run.pass(11 * SECOND);
    }
    assert!(run.actions.contains(&Action::End(3)), "{:?}", run.actions.last());
}

#[test]
fn a_silent_worker_is_killed_and_replaced() {
    let mut run = Run::serving(2);
    for _ in 0..4 {
        run.after(SECOND, Event::Beat(1));
    }
    assert_eq!(run.machine.deadline(), Some(5 * SECOND));
    run.after(SECOND, Event::Time);
    assert_eq!(run.killed, [2].into());
    assert!(run.said("has not answered"));
    assert!(run.alive.contains(&3), "its successor is started meanwhile");
    run.event(Event::Exited(2, Exit::Signal(9)));
    assert_eq!(run.alive, [1, 3].into());
}

#[test]
fn hangup_replaces_one_after_the_other_and_there_are_never_fewer() {
    let mut run = Run::serving(3);
    run.event(Event::Asked(Ask::Hangup));
    for (new, old) in [(4, 1), (5, 2), (6, 3)] {
        assert!(run.alive.contains(&new) && !run.alive.contains(&(new + 1)), "one at a time");
        assert_eq!(run.machine.ready(), 3);
        assert!(!run.told.contains(&old), "the old one serves until the new one does");
        let actions = run.event(Event::Ready(new));
        assert_eq!(actions[0], Action::Terminate(old));
        assert_eq!(run.machine.ready(), 3);
    }
    run.obey();
    assert_eq!(run.alive, [4, 5, 6].into());
    run.pass(60 * SECOND);
    assert_eq!(run.alive, [4, 5, 6].into(), "and that is all");
}

#[test]
fn hangup_to_a_program_that_does_not_start_leaves_the_old_workers() {
    let mut run = Run::serving(2);
    run.pass(20 * SECOND);
    run.event(Event::Asked(Ask::Hangup));
    for id in 3..6 {
        assert!(run.alive.contains(&id), "worker {id} was not tried");
        run.event(Event::Exited(id, Exit::Code(3)));
        run.pass(11 * SECOND);
    }
    assert!(run.said("the old ones go on"));
    assert_eq!(run.alive, [1, 2].into());
    assert!(run.told.is_empty());
    // The next try is a new one.
    run.event(Event::Asked(Ask::Hangup));
    assert!(run.alive.contains(&6));
}

#[test]
fn one_that_has_answered_enough_is_replaced_after_its_successor_is_ready() {
    let mut run = Run::serving(2);
    assert_eq!(run.event(Event::Enough(1)), [Action::Spawn(3)]);
    assert_eq!(run.event(Event::Ready(3)), [Action::Terminate(1)]);
    run.obey();
    assert_eq!(run.alive, [2, 3].into());
}

#[test]
fn ttin_adds_one_and_ttou_takes_the_youngest_away_but_the_last() {
    let mut run = Run::serving(2);
    assert!(run.event(Event::Asked(Ask::More)).contains(&Action::Spawn(3)));
    run.event(Event::Ready(3));
    assert!(run.event(Event::Asked(Ask::Fewer)).contains(&Action::Terminate(3)));
    assert!(run.event(Event::Asked(Ask::Fewer)).contains(&Action::Terminate(2)));
    run.event(Event::Asked(Ask::Fewer));
    assert_eq!(run.machine.ready(), 1, "one stays");
    run.obey();
    assert_eq!(run.alive, [1].into());
}

#[test]
fn the_end_tells_all_waits_for_them_and_kills_who_does_not_go() {
    let mut run = Run::serving(2);
    let actions = run.event(Event::Asked(Ask::Terminate));
    assert_eq!(actions, [Action::Stopping, Action::Terminate(1), Action::Terminate(2)]);
    assert_eq!(run.event(Event::Asked(Ask::Terminate)), [], "again changes nothing");
    assert_eq!(run.event(Event::Asked(Ask::Hangup)), [], "and nobody is started any more");
    assert_eq!(run.event(Event::Exited(1, Exit::Code(0))), []);
    assert_eq!(run.machine.deadline(), Some(30 * SECOND));
    run.after(30 * SECOND, Event::Time);
    assert_eq!(run.killed, [2].into());
    assert!(run.said("has not ended within 30s"));
    assert_eq!(run.event(Event::Exited(2, Exit::Signal(9))), [Action::End(1)]);
    let mut run = Run::serving(2);
    run.event(Event::Asked(Ask::Interrupt));
    run.event(Event::Exited(1, Exit::Code(0)));
    assert_eq!(run.event(Event::Exited(2, Exit::Code(0))), [Action::End(0)]);
}

#[test]
fn a_second_interrupt_ends_all_at_once() {
    let mut run = Run::serving(2);
    run.event(Event::Asked(Ask::Terminate));
    let actions = run.event(Event::Asked(Ask::Interrupt));
    assert_eq!(actions, [Action::Interrupt(1), Action::Interrupt(2)]);
    run.event(Event::Exited(1, Exit::Code(130)));
    run.after(SECOND, Event::Time);
    assert_eq!(run.killed, [2].into());
    assert_eq!(run.event(Event::Exited(2, Exit::Signal(9))), [Action::End(130)]);
}

#[test]
fn an_end_before_all_were_ready_is_as_if_the_signal_had_ended_it() {
    for (ask, code) in [(Ask::Terminate, 143), (Ask::Interrupt, 130)] {
        let mut run = Run::new(Policy { workers: 1, ..Policy::default() });
        run.event(Event::Asked(ask));
        assert_eq!(run.event(Event::Exited(1, Exit::Code(143))), [Action::End(code)]);
    }
}

#[test]
fn a_worker_that_ends_badly_at_the_end_is_in_the_exit_code() {
    let mut run = Run::serving(2);
    run.event(Event::Asked(Ask::Terminate));
    run.event(Event::Exited(1, Exit::Code(1)));
    assert_eq!(run.event(Event::Exited(2, Exit::Code(0))), [Action::End(1)]);
}

#[test]
fn a_note_can_be_compared() {
    let mut run = Run::serving(2);
    let actions = run.event(Event::Asked(Ask::More));
    assert_eq!(actions[0], Action::Say(Note::Wanted(3)));
}

#[derive(Debug, Clone)]
enum Step {
    Ask(Ask),
    /// The n-th living worker is ready, ends well as it was told, or dies.
    Ready(usize),
    Obey(usize),
    Die(usize),
    Enough(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop_oneof![Just(Ask::Hangup), Just(Ask::More), Just(Ask::Fewer)].prop_map(Step::Ask),
        (0..8_usize).prop_map(Step::Ready),
        (0..8_usize).prop_map(Step::Ready),
        (0..8_usize).prop_map(Step::Obey),
        (0..8_usize).prop_map(Step::Die),
        (0..8_usize).prop_map(Step::Enough),
        (1..20_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    /// Whatever happens in whatever order: nobody is told to end as long as that would leave too few; and in the end all is as it was wanted.
    #[test]
    fn no_order_of_events_makes_the_supervisor_leave_too_few(steps in prop::collection::vec(step(), 0..60)) {
        let mut run = Run::serving(3);
        let mut wanted = 3_usize;
        for step in steps {
            let nth = |set: &BTreeSet<Id>, n: usize| set.iter().nth(n).copied();
            let starting: BTreeSet<_> = run.alive.difference(&run.told).copied().collect();
            let before = run.machine.ready();
            let actions = match step {
                Step::Ask(ask) => {
                    match ask {
                        Ask::More => wanted += 1,
                        Ask::Fewer => wanted = (wanted - 1).max(1),
                        _ => {}
                    }
                    run.event(Event::Asked(ask))
                }
                Step::Ready(n) => nth(&starting, n).map_or(vec![], |id| run.event(Event::Ready(id))),
                Step::Enough(n) => nth(&starting, n).map_or(vec![], |id| run.event(Event::Enough(id))),
                Step::Obey(n) => {
                    let told = run.told.clone();
                    nth(&told, n).map_or(vec![], |id| run.event(Event::Exited(id, Exit::Code(0))))
                }
                Step::Die(n) => {
                    let alive = run.alive.clone();
                    nth(&alive, n).map_or(vec![], |id| run.event(Event::Exited(id, Exit::Signal(9))))
                }
                Step::Pass(seconds) => {
                    run.pass(Duration::from_secs(seconds));
                    vec![]
                }
            };
            if run.actions.contains(&Action::Stopping) {
                return Ok(());
            }
            let told = actions.iter().filter(|action| matches!(action, Action::Terminate(_))).count();
            if told > 0 {
                prop_assert!(run.machine.ready() >= wanted, "{told} told to end of {before}, {wanted} are wanted");
            }
        }
        for _ in 0..100 {
            run.obey();
            run.pass(11 * SECOND);
            run.all_ready();
        }
        // Those that were late before, and nobody else ready: that may be the third start in a row that has failed.
        if run.actions.contains(&Action::Stopping) {
            return Ok(());
        }
        prop_assert_eq!(run.machine.ready(), wanted);
        prop_assert_eq!(run.alive.len(), wanted);
    }
}
