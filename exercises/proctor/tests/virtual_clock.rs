//! What the watchdog for a virtual clock lets pass, and what it says of what it does not.

use std::panic::catch_unwind;
use std::time::Duration;

use proctor::VirtualWatch;

const SECOND: Duration = Duration::from_secs(1);

/// What the watchdog says of these events: when each was, and whether the executor then waits for ever.
fn said_of(events: impl IntoIterator<Item = (Duration, bool)>) -> Option<String> {
    let events: Vec<_> = events.into_iter().collect();
    let outcome = catch_unwind(|| {
        proctor::watch(move || {
            let mut watchdog = VirtualWatch::new();
            for (at, for_ever) in events {
                watchdog.saw(at, for_ever);
            }
        });
    });
    outcome.err().map(|payload| *payload.downcast::<String>().unwrap())
}

#[test]
fn an_executor_that_gets_on_passes() {
    let events = (0..1_000).flat_map(|second| vec![(second * SECOND, false); 100]);
    assert_eq!(said_of(events), None);
}

#[test]
fn a_deadlock_is_seen_when_it_begins() {
    let said = said_of([(Duration::ZERO, false), (SECOND * 3 / 2, false), (SECOND * 3 / 2, true)]);
    let expected = "a_deadlock_is_seen_when_it_begins hangs: after 1.5 s of virtual time every task waits, \
        and no timer is left that could wake one. It would wait for ever.\n\
        Look for two tasks that wait for each other, a channel whose other end is neither used nor dropped, \
        a lock held across an `.await`, a future that returns `Pending` and has given its waker to nobody.";
    assert_eq!(said.as_deref(), Some(expected));
}

#[test]
fn a_task_that_wakes_itself_for_ever_spins() {
    let said = said_of((0..).map(|_| (SECOND, false)).take(100_000));
    let expected = "a_task_that_wakes_itself_for_ever_spins hangs: after 1 s of virtual time the executor spins: \
        tasks are polled again and again, and none gets anywhere.\n\
        Look for a future that wakes itself each time it returns `Pending`, \
        a loop around `yield_now`, or a loop around something that is always ready.";
    assert_eq!(said.as_deref(), Some(expected));
}

#[test]
fn timers_without_end_are_seen() {
    let said = said_of((0..100_000).map(|tick| (tick * SECOND, false)));
    let said = said.unwrap();
    assert!(
        said.contains("of virtual time timers fire again and again, and it is not done."),
        "{said}"
    );
}
