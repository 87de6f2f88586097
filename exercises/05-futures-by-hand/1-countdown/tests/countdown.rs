//! The countdown, polled and ticked by hand.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use countdown::{Countdown, countdown};
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
fn a_task_that_polls_often_is_woken_once() {
    proctor::watch(|| {
        let (countdown, ticker) = countdown(1);
        let mut task = Task::new(countdown);
        for _ in 0..3 {
            proctor::expect_eq!(task.poll(), Poll::Pending, "countdown(1), not ticked yet");
        }
        ticker.tick();
        proctor::expect_eq!(
            task.wakes(),
            1,
            "how often the task was woken after three polls and one tick; each poll leaves its waker in place of the last one"
        );
    });
}

thread_local! {
    /// Here, because a waker must be `Send` and a countdown is not.
    static WAITING: RefCell<Option<Countdown>> = const { RefCell::new(None) };
    static FOUND: Cell<Option<Poll<()>>> = const { Cell::new(None) };
}

/// A waker that polls then and there.
struct Eager;

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let mut countdown = WAITING.take().expect("the countdown that waits");
        let poll = || Pin::new(&mut countdown).poll(&mut Context::from_waker(Waker::noop()));
        FOUND.set(catch_unwind(AssertUnwindSafe(poll)).ok());
    }
}

#[test]
fn it_may_be_polled_inside_of_the_wake() {
    proctor::watch(|| {
        let (mut countdown, ticker) = countdown(1);
        let waker = Waker::from(Arc::new(Eager));
        let outcome = Pin::new(&mut countdown).poll(&mut Context::from_waker(&waker));
        proctor::expect_eq!(outcome, Poll::Pending, "countdown(1), not ticked yet");
        WAITING.set(Some(countdown));
        ticker.tick();
        proctor::expect_eq!(
            FOUND.take(),
            Some(Poll::Ready(())),
            "what the countdown said to a waker that polled it inside of `wake` (`None`: that poll panicked); count first, let go of the state, and wake last"
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
