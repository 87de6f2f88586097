//! The executor, with wakes in every order.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use proctor::count::{Drops, Polls, Probe};
use run_queue::Executor;
use shuttle::thread;

fn in_every_order(test: impl Fn() + Send + Sync + 'static) {
    proctor::watch(move || {
        let runs = Arc::new(AtomicUsize::new(0));
        let ends = Arc::clone(&runs);
        interleavings::every(move || {
            ends.fetch_add(1, Ordering::Relaxed);
            test();
            ends.fetch_sub(1, Ordering::Relaxed);
        });
        // A run with too many turns is left where it is.
        proctor::expect_eq!(
            runs.load(Ordering::Relaxed),
            0,
            "the orders of turns in which `run` went round and round and came to no end: it returns when nothing is queued"
        );
    });
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

/// Is pending in its first poll, for which it does `first`, and ready in its second.
fn twice(
    mut first: impl FnMut(&mut Context<'_>) + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let mut polled = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        first(context);
        Poll::Pending
    })
}

/// Where a future leaves its waker for the test.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<Waker>>>);

impl Kept {
    fn keep(&self, context: &Context<'_>) {
        *self.0.lock().unwrap() = Some(context.waker().clone());
    }

    fn waker(&self) -> Waker {
        self.0.lock().unwrap().clone().expect("the task was polled, and has left its waker")
    }
}

/// Leaves its waker and notes its name at each poll, and is never ready.
fn waits(log: &Log, name: &'static str) -> (impl Future<Output = ()> + Send + 'static, Kept) {
    let (kept, log) = (Kept::default(), log.clone());
    let theirs = kept.clone();
    let future = poll_fn(move |context| {
        log.note(name);
        theirs.keep(context);
        Poll::Pending
    });
    (future, kept)
}

#[test]
fn spawn_polls_nothing_and_run_does() {
    in_every_order(|| {
        let mut executor = Executor::new();
        executor.run();
        let polls = Polls::new();
        executor.spawn(polls.of(async {}));
        proctor::expect_eq!(polls.count(), 0, "the polls of a task that was spawned");
        executor.run();
        proctor::expect_eq!(polls.count(), 1, "the polls after `run`");
        executor.run();
        proctor::expect_eq!(polls.count(), 1, "the polls after `run` was called once more");
    });
}

#[test]
fn tasks_take_turns_in_the_order_in_which_they_came() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let log = Log::default();
        for name in ["a", "b", "c"] {
            let log = log.clone();
            executor.spawn(async move {
                log.note(name);
                twice(|context| context.waker().wake_by_ref()).await;
                log.note(name);
            });
        }
        executor.run();
        proctor::expect_eq!(
            log.take(),
            "a b c a b c",
            "the polls of three tasks that wake themselves once"
        );
    });
}

#[test]
fn tasks_are_polled_in_the_order_of_their_wakes() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let log = Log::default();
        let kept = ["a", "b", "c"].map(|name| {
            let (future, kept) = waits(&log, name);
            executor.spawn(future);
            kept
        });
        executor.run();
        proctor::expect_eq!(log.take(), "a b c", "the first polls");
        for place in [2, 0, 1] {
            kept[place].waker().wake();
        }
        executor.run();
        proctor::expect_eq!(log.take(), "c a b", "the polls after c, a and b were woken");
    });
}

#[test]
fn only_the_woken_are_polled() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let log = Log::default();
        let kept = ["a", "b", "c"].map(|name| {
            let (future, kept) = waits(&log, name);
            executor.spawn(future);
            kept
        });
        executor.run();
        log.take();
        executor.run();
        proctor::expect_eq!(log.take(), "", "the polls when nobody was woken");
        kept[1].waker().wake();
        executor.run();
        proctor::expect_eq!(log.take(), "b", "the polls when b was woken");
    });
}

#[test]
fn wakes_before_a_poll_are_one() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let log = Log::default();
        let (future, kept) = waits(&log, "a");
        executor.spawn(future);
        executor.run();
        log.take();
        for _ in 0..2 {
            kept.waker().wake();
            kept.waker().wake_by_ref();
            kept.waker().wake();
            executor.run();
            proctor::expect_eq!(log.take(), "a", "the polls after three wakes");
        }
    });
}

#[test]
fn whoever_is_queued_keeps_its_place() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let log = Log::default();
        let (future, kept) = waits(&log, "a");
        executor.spawn(future);
        executor.run();
        log.take();
        let (b, c) = (waits(&log, "b"), waits(&log, "c"));
        executor.spawn(b.0);
        executor.spawn(c.0);
        executor.run();
        log.take();
        let waking = log.clone();
        executor.spawn(async move {
            waking.note("begin");
            for kept in [&b.1, &c.1, &b.1] {
                kept.waker().wake();
            }
            waking.note("end");
        });
        kept.waker().wake();
        executor.run();
        proctor::expect_eq!(
            log.take(),
            "begin end a b c",
            "the polls when a task was spawned that wakes b, c, and b again, and then a was woken"
        );
    });
}

#[test]
fn a_wake_only_queues() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let log = Log::default();
        let (future, kept) = waits(&log, "other");
        executor.spawn(future);
        executor.run();
        kept.waker().wake();
        proctor::expect_eq!(
            log.take(),
            "other",
            "the polls when a task was woken outside of `run`: the first, and none yet for the wake"
        );
        executor.run();
        log.take();
        let waking = log.clone();
        executor.spawn(async move {
            waking.note("begin");
            kept.waker().wake();
            waking.note("end");
        });
        executor.run();
        proctor::expect_eq!(
            log.take(),
            "begin end other",
            "the polls when one task wakes another: a poll inside of `wake` would be a poll inside of a poll"
        );
    });
}

#[test]
fn a_wake_during_the_poll_is_one_more_poll() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let polls = Polls::new();
        executor.spawn(polls.of(twice(|context| {
            (0..3).for_each(|_| context.waker().wake_by_ref());
        })));
        executor.run();
        proctor::expect_eq!(
            polls.count(),
            2,
            "the polls of a task that wakes itself three times during the first and is ready in the second"
        );
    });
    in_every_order(|| {
        let mut executor = Executor::new();
        let polls = Polls::new();
        executor.spawn(polls.of(twice(|context| {
            let waker = context.waker().clone();
            thread::spawn(move || waker.wake()).join().unwrap();
        })));
        executor.run();
        proctor::expect_eq!(
            polls.count(),
            2,
            "the polls of a task that another thread woke during the first, and that is ready in the second"
        );
    });
    in_every_order(|| {
        let mut executor = Executor::new();
        let polls = Polls::new();
        let mut woken = false;
        executor.spawn(polls.of(poll_fn(move |context| {
            if !std::mem::replace(&mut woken, true) {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })));
        executor.run();
        proctor::expect_eq!(
            polls.count(),
            2,
            "the polls of a task that wakes itself during the first, and then waits"
        );
    });
}

#[test]
fn a_wake_from_another_thread_is_answered() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let probe = Probe::new();
        executor.spawn(probe.future());
        let theirs = probe.clone();
        let other = thread::spawn(move || theirs.finish(()));
        executor.run();
        other.join().unwrap();
        executor.run();
        assert!(
            probe.is_dropped(),
            "a task was woken by another thread while `run` polled it, and was not polled again: the wake was lost"
        );
        let polls = probe.polls();
        assert!(polls <= 2, "a task that was woken once was polled {polls} times");
    });
}

#[test]
fn two_threads_that_wake_at_once_queue_it_once() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let log = Log::default();
        let (future, kept) = waits(&log, "a");
        executor.spawn(future);
        executor.run();
        log.take();
        let others = [(); 2].map(|()| {
            let waker = kept.waker();
            thread::spawn(move || waker.wake())
        });
        for other in others {
            other.join().unwrap();
        }
        executor.run();
        proctor::expect_eq!(
            log.take(),
            "a",
            "the polls after two threads had woken the task, before it was polled"
        );
    });
}

#[test]
fn a_wake_after_the_end_does_nothing() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let (polls, kept) = (Polls::new(), Kept::default());
        let theirs = kept.clone();
        executor.spawn(polls.of(twice(move |context| {
            theirs.keep(context);
            context.waker().wake_by_ref();
        })));
        executor.run();
        proctor::expect_eq!(polls.count(), 2, "the polls of a task that wakes itself once");
        kept.waker().wake();
        executor.run();
        proctor::expect_eq!(
            polls.count(),
            2,
            "the polls after a wake that came when the task was done; a future must not be polled after it was ready"
        );
    });
}

#[test]
fn an_old_waker_wakes_nobody_else() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let kept = Kept::default();
        let theirs = kept.clone();
        executor.spawn(poll_fn(move |context| {
            theirs.keep(context);
            Poll::Ready(())
        }));
        executor.run();
        let log = Log::default();
        let (future, _kept) = waits(&log, "new");
        executor.spawn(future);
        executor.run();
        log.take();
        kept.waker().wake();
        executor.run();
        proctor::expect_eq!(
            log.take(),
            "",
            "the polls of a task that was spawned when another was done, after the waker of that other was called"
        );
    });
}

#[test]
fn a_task_that_wakes_itself_in_its_last_poll_is_done() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let polls = Polls::new();
        executor.spawn(polls.of(poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::Ready(())
        })));
        executor.run();
        proctor::expect_eq!(
            polls.count(),
            1,
            "the polls of a task that wakes itself and is ready in the same poll"
        );
    });
}

#[test]
fn what_is_done_is_dropped_at_once() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let (drops, kept) = (Drops::new(), Kept::default());
        let (token, theirs) = (drops.token(), kept.clone());
        let mut woken = false;
        // An `async` block would drop the token itself when it is done; this is dropped by nobody but the executor.
        executor.spawn(poll_fn(move |context| {
            let _token = &token;
            theirs.keep(context);
            if std::mem::replace(&mut woken, true) { Poll::Ready(()) } else { Poll::Pending }
        }));
        executor.run();
        let waker = kept.waker();
        waker.wake_by_ref();
        proctor::expect_eq!(drops.alive(), 1, "the futures that are there before the last poll");
        executor.run();
        proctor::expect_eq!(
            drops.alive(),
            0,
            "the futures that are there after the last poll: somebody still has a waker, and that must not keep what the task owned"
        );
        drop(waker);
    });
}

#[test]
fn a_wake_when_the_executor_is_gone_does_nothing() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let (log, drops) = (Log::default(), Drops::new());
        let ((future, kept), token) = (waits(&log, "a"), drops.token());
        executor.spawn(async move {
            let _token = token;
            future.await;
        });
        executor.run();
        log.take();
        drop(executor);
        kept.waker().wake();
        let waker = kept.waker();
        thread::spawn(move || waker.wake()).join().unwrap();
        proctor::expect_eq!(log.take(), "", "the polls when the executor was gone");
        drop(kept.0.lock().unwrap().take());
        proctor::expect_eq!(
            drops.alive(),
            0,
            "the futures left, when the executor was gone, its task was woken, and then the last waker was dropped: the wake must put it nowhere"
        );
    });
}

#[test]
fn the_futures_go_with_the_executor() {
    in_every_order(|| {
        let mut executor = Executor::new();
        let (drops, kept) = (Drops::new(), Kept::default());
        let held = |kept: Option<Kept>| {
            let token = drops.token();
            async move {
                let _token = token;
                poll_fn(|context| {
                    if let Some(kept) = &kept {
                        kept.keep(context);
                    }
                    Poll::<()>::Pending
                })
                .await;
            }
        };
        executor.spawn(held(None));
        executor.spawn(held(Some(kept.clone())));
        executor.run();
        // One waits, one is queued again, and one was never polled.
        kept.waker().wake();
        executor.spawn(held(None));
        drop(executor);
        // The waker itself may keep its task, and here it is dropped.
        drop(kept.0.lock().unwrap().take());
        proctor::expect_eq!(
            drops.alive(),
            0,
            "the futures that have outlived the executor and their wakers: look for a queue that owns tasks that own the queue, or own a channel into it"
        );
    });
}
