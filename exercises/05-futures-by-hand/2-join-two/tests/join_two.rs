//! Two futures joined, polled by hand and on a clock that is moved by hand.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_by_hand::{Clock, Sleep};
use join_two::join_two;
use proctor::count::{Drops, Probe, Task};

const SECOND: Duration = Duration::from_secs(1);

/// Takes so long from its first poll on.
struct Errand {
    clock: Clock,
    takes: Duration,
    sleep: Option<Sleep>,
}

impl Future for Errand {
    type Output = Duration;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Duration> {
        let this = &mut *self;
        let sleep = this.sleep.get_or_insert_with(|| this.clock.sleep(this.takes));
        Pin::new(sleep).poll(context).map(|()| this.takes)
    }
}

fn errand(clock: &Clock, takes: Duration) -> Errand {
    Errand { clock: clock.clone(), takes, sleep: None }
}

#[test]
fn both_outputs_are_returned() {
    proctor::watch(|| {
        for first_is_earlier in [true, false] {
            let (first, second) = (Probe::new(), Probe::new());
            let mut task = Task::new(join_two(first.future(), second.future()));
            proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which neither is done");
            if first_is_earlier {
                first.finish("north");
            } else {
                second.finish(1.9);
            }
            proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which one is done");
            if first_is_earlier {
                second.finish(1.9);
            } else {
                first.finish("north");
            }
            proctor::expect_eq!(
                task.poll(),
                Poll::Ready(("north", 1.9)),
                "a join of which both are done, when the first is earlier: {first_is_earlier}"
            );
        }
    });
}

#[test]
fn both_run_at_the_same_time() {
    proctor::watch(|| {
        let clock = Clock::by_hand();
        clock.run(join_two(errand(&clock, 2 * SECOND), errand(&clock, SECOND)));
        proctor::expect_eq!(
            clock.now(),
            2 * SECOND,
            "how long two errands of 2 s and 1 s take together; one after the other they take 3 s"
        );
    });
}

#[test]
fn what_is_done_is_not_polled_again() {
    proctor::watch(|| {
        let (first, second) = (Probe::new(), Probe::new());
        let mut task = Task::new(join_two(first.future(), second.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which neither is done");
        first.finish(1);
        proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which the first is done");
        // A future that was polled after it returned `Ready` panics here, and says so.
        proctor::expect_eq!(task.poll(), Poll::Pending, "the same, polled once more");
        second.finish(2);
        proctor::expect_eq!(task.poll(), Poll::Ready((1, 2)), "a join of which both are done");
    });
}

#[test]
fn both_done_before_the_first_poll() {
    proctor::watch(|| {
        let (first, second) = (Probe::new(), Probe::new());
        first.finish(1);
        second.finish(2);
        let mut task = Task::new(join_two(first.future(), second.future()));
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready((1, 2)),
            "the first poll of a join of which both are done; `Pending` promises a wake, and nobody is left who could give one"
        );
    });
}

#[test]
fn either_of_the_two_wakes_the_task() {
    proctor::watch(|| {
        for first_is_earlier in [true, false] {
            let probes = [Probe::new(), Probe::new()];
            let mut task = Task::new(join_two(probes[0].future(), probes[1].future()));
            proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which neither is done");
            let earlier = usize::from(!first_is_earlier);
            probes[earlier].finish(());
            proctor::expect_eq!(
                task.wakes(),
                1,
                "how often the task was woken, after one of the two was done (the first: {first_is_earlier})"
            );
            proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which one is done");
            probes[1 - earlier].finish(());
            proctor::expect_eq!(
                task.wakes(),
                2,
                "how often the task was woken, after the other was done too"
            );
        }
    });
}

#[test]
fn the_latest_waker_is_woken() {
    proctor::watch(|| {
        let (first, second) = (Probe::new(), Probe::new());
        let mut task = Task::new(join_two(first.future(), second.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which neither is done");
        proctor::expect_eq!(
            task.poll_with_new_waker(),
            Poll::Pending,
            "the same, polled by another task"
        );
        second.finish(2);
        proctor::expect_eq!(task.wakes(), 1, "how often the waker of the latest poll was woken");
        proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which the second is done");
        first.finish(1);
        proctor::expect_eq!(task.poll(), Poll::Ready((1, 2)), "a join of which both are done");
    });
}

#[test]
fn it_does_not_wake_itself() {
    proctor::watch(|| {
        let (first, second) = (Probe::<()>::new(), Probe::<()>::new());
        let mut task = Task::new(join_two(first.future(), second.future()));
        proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which neither is done");
        proctor::expect_eq!(
            task.wakes(),
            0,
            "how often the task was woken while nothing had happened"
        );
        first.finish(());
        proctor::expect_eq!(task.poll(), Poll::Pending, "a join of which one is done");
        proctor::expect_eq!(
            task.wakes(),
            1,
            "how often the task was woken: once, by the future that was done"
        );
    });
}

#[test]
fn dropping_the_pair_drops_the_unfinished_one() {
    proctor::watch(|| {
        let drops = Drops::new();
        let (first, second) = (Probe::new(), Probe::<()>::new());
        let mut task = Task::new(join_two(first.future(), second.future()));
        first.finish(drops.token());
        assert!(task.poll().is_pending(), "one of the two is not done, and the join is");
        proctor::expect_eq!(
            drops.alive(),
            1,
            "how many outputs of the first are kept while the second is pending"
        );
        drop(task);
        assert!(second.is_dropped(), "the join was dropped, and its pending future was not");
        proctor::expect_eq!(
            drops.alive(),
            0,
            "how many outputs of the first have outlived the join"
        );
    });
}
