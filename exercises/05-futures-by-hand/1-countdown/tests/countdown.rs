//! The countdown, polled and ticked by hand.

use std::task::Poll;

use countdown::countdown;
use proctor::count::Task;

#[test]
fn nothing_to_count_is_done_at_once() {
    proctor::watch(|| {
        let (countdown, _ticker) = countdown(0);
        let mut task = Task::new(countdown);
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the first poll of countdown(0)");
    });
}

#[test]
fn it_is_done_after_that_many_ticks() {
    proctor::watch(|| {
        let (countdown, ticker) = countdown(2);
        let mut task = Task::new(countdown);
        proctor::expect_eq!(task.poll(), Poll::Pending, "countdown(2), not ticked yet");
        ticker.tick();
        proctor::expect_eq!(task.poll(), Poll::Pending, "countdown(2) after one tick");
        ticker.clone().tick();
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(()),
            "countdown(2) after two ticks, one of them by a clone of the ticker"
        );
    });
}

#[test]
fn polls_do_not_count() {
    proctor::watch(|| {
        let (countdown, ticker) = countdown(2);
        let mut task = Task::new(countdown);
        for poll in 1..=5 {
            proctor::expect_eq!(
                task.poll(),
                Poll::Pending,
                "poll {poll} of countdown(2), and nobody has ticked: a future may be polled at any time, for any reason"
            );
        }
        ticker.tick();
        ticker.tick();
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "countdown(2) after two ticks");
    });
}

#[test]
fn the_last_tick_wakes_it() {
    proctor::watch(|| {
        let (countdown, ticker) = countdown(2);
        let mut task = Task::new(countdown);
        proctor::expect_eq!(task.poll(), Poll::Pending, "countdown(2), not ticked yet");
        ticker.tick();
        ticker.tick();
        proctor::expect_eq!(
            task.wakes(),
            1,
            "how often the task was woken by the two ticks of countdown(2); without a wake, nobody polls it again"
        );
    });
}

#[test]
fn nobody_is_woken_before_the_last_tick() {
    proctor::watch(|| {
        let (countdown, ticker) = countdown(3);
        let mut task = Task::new(countdown);
        proctor::expect_eq!(task.poll(), Poll::Pending, "countdown(3), not ticked yet");
        proctor::expect_eq!(
            task.wakes(),
            0,
            "how often the task was woken by its own poll; a task that wakes itself is polled for ever"
        );
        ticker.tick();
        ticker.tick();
        proctor::expect_eq!(
            task.wakes(),
            0,
            "how often the task was woken by two ticks of three; there is nothing to see yet"
        );
    });
}

#[test]
fn the_latest_waker_is_woken() {
    proctor::watch(|| {
        let (countdown, ticker) = countdown(1);
        let mut task = Task::new(countdown);
        proctor::expect_eq!(task.poll(), Poll::Pending, "countdown(1), not ticked yet");
        proctor::expect_eq!(
            task.poll_with_new_waker(),
            Poll::Pending,
            "the same, polled by another task"
        );
        ticker.tick();
        proctor::expect_eq!(
            task.wakes(),
            1,
            "how often the waker of the latest poll was woken; the one before it belongs to a task that no longer has the countdown"
        );
    });
}

#[test]
fn ticks_before_the_first_poll_count() {
    proctor::watch(|| {
        let (countdown, ticker) = countdown(1);
        ticker.tick();
        let mut task = Task::new(countdown);
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(()),
            "countdown(1), ticked before anybody polled it"
        );
    });
}

#[test]
fn ticks_after_the_last_change_nothing() {
    proctor::watch(|| {
        let (countdown, ticker) = countdown(1);
        let mut task = Task::new(countdown);
        proctor::expect_eq!(task.poll(), Poll::Pending, "countdown(1), not ticked yet");
        for _ in 0..3 {
            ticker.tick();
        }
        proctor::expect_eq!(task.wakes(), 1, "how often three ticks woke countdown(1)");
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "countdown(1) after three ticks");
        drop(task);
        ticker.tick();
    });
}
