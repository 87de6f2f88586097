//! Time limits, on a clock that is moved by hand.

use std::task::Poll;
use std::time::Duration;

use futures_by_hand::Clock;
use proctor::count::{Probe, Task};
use timeout::{Elapsed, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_value_in_time_is_returned() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::new());
        let mut task = Task::new(timeout(&clock, 2 * SECOND, probe.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "at 0 s of 2 s, with no value");
        clock.advance(SECOND);
        proctor::expect_eq!(
            task.wakes(),
            0,
            "how often the task was woken before there was a value or the time was up"
        );
        probe.finish("in time");
        proctor::expect_eq!(task.wakes(), 1, "how often the task was woken by the value");
        proctor::expect_eq!(task.poll(), Poll::Ready(Ok("in time")), "at 1 s of 2 s, with a value");
        drop(task);
        proctor::expect_eq!(
            clock.sleepers(),
            0,
            "how many timers are left when the timeout is dropped"
        );
    });
}

#[test]
fn the_deadline_wakes_the_task() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::<()>::new());
        let mut task = Task::new(timeout(&clock, 2 * SECOND, probe.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "at 0 s of 2 s, with no value");
        clock.advance(2 * SECOND);
        proctor::expect_eq!(
            task.wakes(),
            1,
            "how often the task was woken when the time was up; nobody else will poll it then"
        );
        proctor::expect_eq!(task.poll(), Poll::Ready(Err(Elapsed)), "at 2 s of 2 s, with no value");
    });
}

#[test]
fn a_value_at_the_very_deadline_wins() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::new());
        let mut task = Task::new(timeout(&clock, 2 * SECOND, probe.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "at 0 s of 2 s, with no value");
        clock.advance(2 * SECOND);
        probe.finish("at the last moment");
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(Ok("at the last moment")),
            "at 2 s of 2 s, with a value: what is there is not thrown away"
        );
    });
}

#[test]
fn the_clock_starts_at_the_first_poll() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::<()>::new());
        let mut task = Task::new(timeout(&clock, 2 * SECOND, probe.future()));
        clock.advance(10 * SECOND);
        proctor::expect_eq!(
            task.poll(),
            Poll::Pending,
            "the first poll, 10 s after `timeout(2 s)` was called: nobody had begun to wait"
        );
        clock.advance(SECOND);
        proctor::expect_eq!(task.poll(), Poll::Pending, "1 s after the first poll");
        clock.advance(SECOND);
        proctor::expect_eq!(task.poll(), Poll::Ready(Err(Elapsed)), "2 s after the first poll");
    });
}

#[test]
fn a_poll_in_between_does_not_move_the_deadline() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::<()>::new());
        let mut task = Task::new(timeout(&clock, 2 * SECOND, probe.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "at 0 s of 2 s, with no value");
        clock.advance(SECOND);
        proctor::expect_eq!(task.poll(), Poll::Pending, "at 1 s of 2 s, with no value");
        clock.advance(SECOND);
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(Err(Elapsed)),
            "at 2 s of 2 s, with no value, having been polled at 1 s"
        );
    });
}

#[test]
fn what_is_too_late_is_dropped_at_once() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::<()>::new());
        let mut task = Task::new(timeout(&clock, 2 * SECOND, probe.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "at 0 s of 2 s, with no value");
        assert!(!probe.is_dropped(), "the future was dropped before its time was up");
        clock.advance(2 * SECOND);
        proctor::expect_eq!(task.poll(), Poll::Ready(Err(Elapsed)), "at 2 s of 2 s, with no value");
        assert!(
            probe.is_dropped(),
            "its time was up, and the future is still there: it keeps its connection, its lock, its memory until somebody drops the `Timeout`"
        );
    });
}

#[test]
fn the_latest_waker_is_woken_at_the_deadline() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::<()>::new());
        let mut task = Task::new(timeout(&clock, 2 * SECOND, probe.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "at 0 s of 2 s, with no value");
        proctor::expect_eq!(
            task.poll_with_new_waker(),
            Poll::Pending,
            "the same, polled by another task"
        );
        clock.advance(2 * SECOND);
        proctor::expect_eq!(
            task.wakes(),
            1,
            "how often the waker of the latest poll was woken when the time was up"
        );
    });
}

#[test]
fn the_latest_waker_is_woken_by_the_value() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::new());
        let mut task = Task::new(timeout(&clock, 2 * SECOND, probe.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "at 0 s of 2 s, with no value");
        proctor::expect_eq!(
            task.poll_with_new_waker(),
            Poll::Pending,
            "the same, polled by another task"
        );
        probe.finish("in time");
        proctor::expect_eq!(
            task.wakes(),
            1,
            "how often the waker of the latest poll was woken by the value"
        );
        proctor::expect_eq!(task.poll(), Poll::Ready(Ok("in time")), "the poll after the wake");
    });
}

#[test]
fn the_longest_limit_is_a_limit_too() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::new());
        clock.advance(SECOND);
        let mut task = Task::new(timeout(&clock, Duration::MAX, probe.future()));
        proctor::expect_eq!(
            task.poll(),
            Poll::Pending,
            "a limit of `Duration::MAX`, with no value"
        );
        probe.finish("at last");
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(Ok("at last")),
            "a limit of `Duration::MAX`, with a value"
        );
    });
}

#[test]
fn no_time_at_all_is_enough_for_what_is_ready() {
    proctor::watch(|| {
        let (clock, probe) = (Clock::by_hand(), Probe::new());
        probe.finish("there already");
        let mut task = Task::new(timeout(&clock, Duration::ZERO, probe.future()));
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(Ok("there already")),
            "0 s for a future that is ready"
        );

        let probe = Probe::<()>::new();
        let mut task = Task::new(timeout(&clock, Duration::ZERO, probe.future()));
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(Err(Elapsed)),
            "0 s for a future that is not ready"
        );
    });
}
