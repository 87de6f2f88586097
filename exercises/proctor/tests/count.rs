//! The counters and probes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;

use proctor::clock::TestClock;
use proctor::count::{Drops, Peak, Polls, Probe, Task, Wakes};

#[test]
fn a_drop_is_counted_also_of_a_clone_and_in_a_panic() {
    let drops = Drops::new();
    let token = drops.token();
    let clone = token.clone();
    assert_eq!((drops.made(), drops.dropped(), drops.alive()), (2, 0, 2));
    let panic = std::thread::spawn(move || {
        let _token = token;
        panic!("on purpose");
    });
    panic.join().unwrap_err();
    assert_eq!((drops.made(), drops.dropped(), drops.alive()), (2, 1, 1));
    std::mem::forget(clone);
    assert_eq!(drops.alive(), 1, "what is forgotten is not dropped");
}

#[test]
fn a_peak_stays_when_all_have_left() {
    let peak = Peak::new();
    let inside: Vec<_> = (0..3).map(|_| peak.enter()).collect();
    drop(inside);
    let _one = peak.enter();
    assert_eq!((peak.inside(), peak.highest(), peak.entered()), (1, 3, 4));
}

#[test]
fn every_way_to_wake_counts_once() {
    let wakes = Wakes::new();
    let first = wakes.waker();
    let second = first.clone();
    assert!(first.will_wake(&wakes.waker()));
    assert_eq!((wakes.count(), wakes.wakers()), (0, 2));
    second.wake();
    assert_eq!((wakes.count(), wakes.wakers()), (1, 1));
    first.wake_by_ref();
    assert_eq!((wakes.count(), wakes.wakers()), (2, 1));
    drop(first);
    assert_eq!((wakes.count(), wakes.wakers()), (2, 0));
}

#[test]
fn a_task_counts_its_polls_wakes_and_stored_wakers() {
    let probe = Probe::new();
    let polls = Polls::new();
    let mut task = Task::new(polls.of(probe.future()));
    assert_eq!(
        (task.polls(), probe.polls(), probe.is_waiting()),
        (0, 0, false),
        "a future is lazy"
    );
    assert!(task.poll().is_pending());
    assert!(task.poll().is_pending());
    assert_eq!((task.polls(), polls.count(), probe.polls(), task.wakers()), (2, 2, 2, 1));
    assert!(probe.is_waiting());
    probe.finish(7);
    assert_eq!((task.wakes(), task.wakers()), (1, 0));
    assert_eq!(task.poll(), Poll::Ready(7));
    assert!(!probe.is_dropped());
    drop(task);
    assert!(probe.is_dropped());
}

#[test]
fn a_probe_wakes_the_last_waker_alone() {
    let probe = Probe::new();
    let mut future = Box::pin(probe.future());
    let (first, second) = (Wakes::new(), Wakes::new());
    for wakes in [&first, &second] {
        let poll = future.as_mut().poll(&mut Context::from_waker(&wakes.waker()));
        assert!(poll.is_pending());
    }
    probe.finish(());
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!((first.wakers(), second.wakers()), (0, 0));

    let probe = Probe::new();
    let mut task = Task::new(probe.future());
    assert!(task.poll().is_pending());
    assert!(task.poll_with_new_waker().is_pending());
    probe.finish(());
    assert_eq!((task.polls(), task.wakes()), (2, 1));
}

#[test]
fn a_probe_that_is_dropped_wakes_nobody() {
    let probe = Probe::new();
    let wakes = Wakes::new();
    let mut future = Box::pin(probe.future());
    assert!(future.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
    drop(future);
    assert_eq!((probe.is_dropped(), probe.is_waiting(), wakes.wakers()), (true, false, 0));
    probe.finish(());
    assert_eq!(wakes.count(), 0);
}

#[test]
fn a_future_polled_after_it_was_done_says_so() {
    let probe = Probe::new();
    let mut future = Box::pin(probe.future());
    probe.finish(());
    let waker = Wakes::new().waker();
    let mut context = Context::from_waker(&waker);
    assert!(future.as_mut().poll(&mut context).is_ready());
    let panic = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context))).unwrap_err();
    let expected = "a future was polled after it had returned `Ready`.\n\
        Keep what it returned, and do not poll it again: most futures panic then, or never return.";
    assert_eq!(panic.downcast_ref::<&str>(), Some(&expected));
    assert_eq!(probe.polls(), 2);
}

#[test]
fn clones_of_a_clock_show_one_time() {
    let clock = TestClock::new();
    let theirs = clock.clone();
    assert_eq!(theirs.now(), Duration::ZERO);
    theirs.advance(Duration::from_secs(2));
    clock.advance(Duration::from_millis(1));
    assert_eq!(
        (clock.now(), theirs.now()),
        (Duration::from_millis(2001), Duration::from_millis(2001))
    );
}
