//! Timers, on a clock that is a number.

use std::time::Duration;

use event_loop::Timers;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_earliest_comes_first_and_equals_in_order() {
    let mut timers = Timers::new();
    for (seconds, name) in [(3, "c"), (1, "a"), (2, "b1"), (2, "b2"), (2, "b3")] {
        timers.set(seconds * SECOND, name);
    }
    assert_eq!(timers.take_due(Duration::ZERO), None);
    let due: Vec<_> = std::iter::from_fn(|| timers.take_due(2 * SECOND)).collect();
    assert_eq!(due, ["a", "b1", "b2", "b3"]);
    assert_eq!(timers.wait(2 * SECOND), Some(SECOND));
    assert_eq!(timers.wait(9 * SECOND), Some(Duration::ZERO), "an overdue timer is not waited for");
    assert_eq!(timers.take_due(3 * SECOND), Some("c"));
    assert_eq!(timers.wait(3 * SECOND), None);
}

#[test]
fn never_is_a_deadline() {
    let mut timers = Timers::new();
    timers.set(Duration::MAX, "never");
    assert_eq!(timers.take_due(Duration::from_secs(u64::MAX)), None);
    assert_eq!(timers.len(), 1);
}
