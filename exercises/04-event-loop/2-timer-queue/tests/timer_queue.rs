//! Timers, on a clock that is a number.

use std::time::Duration;

use timer_queue::TimerQueue;

const SECOND: Duration = Duration::from_secs(1);
const START: Duration = Duration::ZERO;

/// All that is due, in order.
fn due<T>(timers: &mut TimerQueue<T>, now: Duration) -> Vec<T> {
    std::iter::from_fn(|| timers.take_due(now)).collect()
}

#[test]
fn the_earliest_comes_first() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        for seconds in [5, 1, 4, 2, 3] {
            timers.set(START, seconds * SECOND, seconds);
        }
        proctor::expect_eq!(
            due(&mut timers, 9 * SECOND),
            [1, 2, 3, 4, 5],
            "the order of five timers"
        );
        proctor::expect_eq!(due(&mut timers, 9 * SECOND), [0; 0], "what comes after the last");
    });
}

#[test]
fn nothing_comes_early_and_nothing_late() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        timers.set(SECOND, 2 * SECOND, "kettle");
        let almost = Duration::from_nanos(2_999_999_999);
        proctor::expect_eq!(timers.take_due(almost), None, "a nanosecond before the deadline");
        proctor::expect_eq!(timers.take_due(3 * SECOND), Some("kettle"), "at the deadline");
    });
}

#[test]
fn equal_deadlines_come_in_the_order_they_were_set() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        for number in 0..1_000_u32 {
            // All of them at ten seconds, seen from different moments.
            let now = Duration::from_millis(u64::from(number % 7));
            timers.set(now, (10 * SECOND).saturating_sub(now), number);
        }
        let order = due(&mut timers, 10 * SECOND);
        proctor::expect_eq!(order.len(), 1_000, "timers that came due, of 1,000 with one deadline");
        for (place, number) in (0..).zip(order) {
            proctor::expect_eq!(
                number,
                place,
                "which of the equal deadlines came as number {place}"
            );
        }
    });
}

#[test]
fn the_wait_ends_at_the_earliest_deadline() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        proctor::expect_eq!(timers.wait(START), None, "the wait without timers");
        timers.set(START, 5 * SECOND, ());
        timers.set(START, 3 * SECOND, ());
        proctor::expect_eq!(
            timers.wait(SECOND),
            Some(2 * SECOND),
            "the wait at 1 s for timers at 3 s and 5 s"
        );
        proctor::expect_eq!(
            timers.wait(3 * SECOND),
            Some(Duration::ZERO),
            "the wait for a timer that is due"
        );
        proctor::expect_eq!(
            timers.wait(4 * SECOND),
            Some(Duration::ZERO),
            "the wait for a timer that is overdue"
        );
        let almost = Duration::from_nanos(2_999_999_999);
        proctor::expect_eq!(
            timers.wait(almost),
            Some(Duration::from_nanos(1)),
            "the wait a nanosecond before the deadline, where a wait of nothing would be a busy loop"
        );
        due(&mut timers, 9 * SECOND);
        proctor::expect_eq!(timers.wait(START), None, "the wait when all have come due");
    });
}

#[test]
fn a_cancelled_timer_gives_its_value_back_and_never_comes() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        let kettle = timers.set(START, SECOND, "kettle");
        timers.set(START, SECOND, "pot");
        let toast = timers.set(START, SECOND, "toast");
        proctor::expect_eq!(timers.cancel(kettle), Some("kettle"), "the value of the first timer");
        proctor::expect_eq!(timers.cancel(toast), Some("toast"), "the value of the last timer");
        proctor::expect_eq!(
            due(&mut timers, 2 * SECOND),
            ["pot"],
            "what comes due of three, with two taken back"
        );
    });
}

#[test]
fn a_cancelled_timer_is_not_waited_for() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        let first = timers.set(START, SECOND, "first");
        let second = timers.set(START, 2 * SECOND, "second");
        timers.set(START, 5 * SECOND, "third");
        timers.cancel(second);
        timers.cancel(first);
        proctor::expect_eq!(
            timers.wait(START),
            Some(5 * SECOND),
            "the wait after the timers at 1 s and 2 s were taken back, with one at 5 s left"
        );
        proctor::expect_eq!(timers.take_due(2 * SECOND), None, "what is due at 2 s");
        proctor::expect_eq!(timers.take_due(5 * SECOND), Some("third"), "what is due at 5 s");
    });
}

#[test]
fn cancelling_too_late_touches_no_other_timer() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        let old = timers.set(START, SECOND, "old");
        let gone = timers.set(START, 2 * SECOND, "gone");
        proctor::expect_eq!(timers.take_due(SECOND), Some("old"), "what is due at 1 s");
        proctor::expect_eq!(timers.cancel(gone), Some("gone"), "the value of a timer taken back");
        let new = timers.set(START, SECOND, "new");
        let newer = timers.set(START, 2 * SECOND, "newer");
        proctor::expect_eq!(
            timers.cancel(old),
            None,
            "cancelling a timer that has come due, with another at the same time"
        );
        proctor::expect_eq!(timers.cancel(gone), None, "cancelling a timer for the second time");
        proctor::expect_eq!(
            timers.cancel(new),
            Some("new"),
            "cancelling the timer that was set last but one"
        );
        proctor::expect_eq!(due(&mut timers, 9 * SECOND), ["newer"], "what is left");
        proctor::expect_eq!(timers.cancel(newer), None, "cancelling what has come due");
    });
}

#[test]
fn a_far_deadline_is_a_deadline() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        let never = timers.set(SECOND, Duration::MAX, "never");
        timers.set(SECOND, 365 * 86_400 * SECOND, "next year");
        timers.set(SECOND, SECOND, "soon");
        proctor::expect_eq!(timers.take_due(2 * SECOND), Some("soon"), "what is due at 2 s");
        proctor::expect_eq!(
            timers.take_due(u32::MAX * SECOND),
            Some("next year"),
            "what is due in 136 years"
        );
        let almost = Duration::MAX.saturating_sub(SECOND);
        proctor::expect_eq!(
            timers.wait(almost),
            Some(SECOND),
            "the wait for a deadline at Duration::MAX, a second before"
        );
        proctor::expect_eq!(
            timers.cancel(never),
            Some("never"),
            "the value of the timer at Duration::MAX"
        );
        for name in ["first", "second"] {
            timers.set(almost, 2 * SECOND, name);
        }
        proctor::expect_eq!(timers.take_due(almost), None, "what is due a second before");
        proctor::expect_eq!(
            due(&mut timers, Duration::MAX),
            ["first", "second"],
            "what is due at Duration::MAX"
        );
    });
}

#[test]
fn a_hundred_thousand_are_cancelled_without_a_scan() {
    proctor::watch(|| {
        for backwards in [false, true] {
            let mut timers = TimerQueue::new();
            let mut set: Vec<_> = (0..100_000_u32)
                .map(|number| (timers.set(START, (number % 977) * SECOND, number), number))
                .collect();
            if backwards {
                set.reverse();
            }
            for (timer, number) in set {
                proctor::expect_eq!(
                    timers.cancel(timer),
                    Some(number),
                    "the value of timer {number}"
                );
            }
            proctor::expect_eq!(timers.wait(START), None, "the wait when all were taken back");
        }
    });
}

#[test]
fn a_hundred_thousand_come_due_without_a_scan() {
    proctor::watch(|| {
        let mut timers = TimerQueue::new();
        for number in 0..100_000_u32 {
            timers.set(START, (number % 977) * SECOND, number);
        }
        let mut came = 0;
        while let Some(wait) = timers.wait(976 * SECOND) {
            proctor::expect_eq!(wait, Duration::ZERO, "the wait while timers are due");
            assert!(timers.take_due(976 * SECOND).is_some(), "`wait` said that a timer is due");
            came += 1;
        }
        proctor::expect_eq!(came, 100_000, "timers that came due");
    });
}
