//! One future on one thread, with wakes in every order.

use std::future::{poll_fn, ready};
use std::panic::{catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use park_and_wake::block_on;
use proctor::count::{Polls, Probe};
use shuttle::thread;

/// `deadlock` says what it means if the thread sleeps for ever.
fn in_every_order(deadlock: &'static str, test: impl Fn() + Send + Sync + 'static) {
    proctor::watch(move || {
        let runs = Arc::new(AtomicUsize::new(0));
        let ends = Arc::clone(&runs);
        interleavings::every_explained(deadlock, move || {
            ends.fetch_add(1, Ordering::Relaxed);
            test();
            ends.fetch_sub(1, Ordering::Relaxed);
        });
        // A run with too many turns is left where it is.
        proctor::expect_eq!(
            runs.load(Ordering::Relaxed),
            0,
            "the orders of turns in which `block_on` went round and round and came to no end"
        );
    });
}

const SLEEPS: &str = "The future was woken, and `block_on` sleeps: the wake was lost.";

/// Is pending in its first poll, for which it does `first`, and ready in its second.
fn twice(mut first: impl FnMut(&mut Context<'_>)) -> impl Future<Output = ()> {
    let mut polled = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        first(context);
        Poll::Pending
    })
}

#[test]
fn what_is_ready_is_returned() {
    in_every_order("Nothing was left to wait for.", || {
        proctor::expect_eq!(block_on(ready("high water")), "high water", "the output");
        let borrowed = String::from("low water");
        let length = block_on(async {
            let text = &borrowed;
            ready(()).await;
            text.len()
        });
        proctor::expect_eq!(length, 9, "the output of an async block that borrows");
    });
}

#[test]
fn a_future_that_wakes_itself_is_polled_again() {
    in_every_order(SLEEPS, || {
        let polls = Polls::new();
        block_on(polls.of(twice(|context| context.waker().wake_by_ref())));
        proctor::expect_eq!(
            polls.count(),
            2,
            "the polls of a future that wakes itself during the first and is ready in the second"
        );
    });
}

#[test]
fn many_wakes_before_a_poll_are_one() {
    in_every_order(SLEEPS, || {
        // The wakes come during the first poll, and the value only after the second.
        let probe = Probe::new();
        let mut future = Box::pin(probe.future());
        let polls = Arc::new(Mutex::new(0));
        let seen = Arc::clone(&polls);
        let finisher = Mutex::new(Some(probe));
        let output = block_on(poll_fn(move |context| {
            let outcome = future.as_mut().poll(context);
            let poll = {
                let mut polls = seen.lock().unwrap();
                *polls += 1;
                *polls
            };
            match poll {
                1 => (0..5).for_each(|_| context.waker().wake_by_ref()),
                2 => {
                    let probe = finisher.lock().unwrap().take().unwrap();
                    thread::spawn(move || probe.finish(7));
                }
                _ => {}
            }
            outcome
        }));
        proctor::expect_eq!(output, 7, "the output");
        proctor::expect_eq!(
            *polls.lock().unwrap(),
            3,
            "the polls: the first, one for five wakes during the first, and one for the wake that came with the value"
        );
    });
}

#[test]
fn no_wake_is_lost() {
    in_every_order(SLEEPS, || {
        let probe = Probe::new();
        let future = probe.future();
        let theirs = probe.clone();
        let other = thread::spawn(move || theirs.finish(7));
        proctor::expect_eq!(block_on(future), 7, "the output");
        other.join().unwrap();
        let polls = probe.polls();
        assert!(
            polls <= 2,
            "a future that was woken once was polled {polls} times: poll it again when it was woken, and not when the thread was"
        );
    });
}

#[test]
fn two_threads_may_wake_at_once() {
    in_every_order(SLEEPS, || {
        let probes = [Probe::new(), Probe::new()];
        let mut futures = probes.each_ref().map(|probe| Some(Box::pin(probe.future())));
        let others = probes.map(|probe| thread::spawn(move || probe.finish(())));
        let polls = Polls::new();
        block_on(polls.of(poll_fn(move |context| {
            for slot in &mut futures {
                if slot.as_mut().is_some_and(|future| future.as_mut().poll(context).is_ready()) {
                    *slot = None;
                }
            }
            if futures.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
        })));
        for other in others {
            other.join().unwrap();
        }
        let polls = polls.count();
        assert!(polls <= 3, "a future that was woken twice was polled {polls} times");
    });
}

#[test]
fn a_stray_unpark_costs_no_poll() {
    in_every_order(SLEEPS, || {
        let probe = Probe::new();
        let future = probe.future();
        let theirs = probe.clone();
        let here = thread::current();
        let other = thread::spawn(move || {
            here.unpark();
            here.unpark();
            theirs.finish(7);
        });
        proctor::expect_eq!(block_on(future), 7, "the output");
        other.join().unwrap();
        let polls = probe.polls();
        assert!(
            polls <= 2,
            "a future that was woken once was polled {polls} times: somebody unparked the thread for reasons of their own, and that is no wake"
        );
    });
}

#[test]
fn a_future_may_use_up_the_threads_park_token() {
    in_every_order(
        "The future had woken itself, and then a `park` inside of it used up the thread's token: nothing but the token said that there was a wake.",
        || {
            let polls = Polls::new();
            block_on(polls.of(twice(|context| {
                context.waker().wake_by_ref();
                // Whether or not the wake was an unpark, there is a token now.
                thread::current().unpark();
                thread::park();
            })));
            proctor::expect_eq!(polls.count(), 2, "the polls");
        },
    );
}

#[test]
fn a_block_on_inside_of_another_leaves_its_wakes_alone() {
    in_every_order(
        "A future was woken, and then ran another `block_on` in the same poll: the inner one took the wake that was for the outer.",
        || {
            let (outer, inner) = (Polls::new(), Polls::new());
            block_on(outer.of(twice(|context| {
                context.waker().wake_by_ref();
                block_on(inner.of(twice(|context| context.waker().wake_by_ref())));
            })));
            proctor::expect_eq!(
                (outer.count(), inner.count()),
                (2, 2),
                "the polls of the outer future and of the inner one"
            );
        },
    );
}

#[test]
fn an_older_waker_is_as_good_as_the_last() {
    in_every_order(SLEEPS, || {
        let mut first = None::<Waker>;
        let mut polls = 0;
        block_on(poll_fn(|context| {
            polls += 1;
            match polls {
                1 => {
                    first = Some(context.waker().clone());
                    context.waker().wake_by_ref();
                }
                2 => first.take().unwrap().wake(),
                _ => return Poll::Ready(()),
            }
            Poll::Pending
        }));
        proctor::expect_eq!(polls, 3, "the polls");
    });
}

#[test]
fn a_wake_after_the_end_does_nothing() {
    in_every_order(SLEEPS, || {
        let kept = Mutex::new(None::<Waker>);
        block_on(twice(|context| {
            *kept.lock().unwrap() = Some(context.waker().clone());
            context.waker().wake_by_ref();
        }));
        let waker = kept.lock().unwrap().take().unwrap();
        let late = thread::spawn(move || waker.wake());
        let probe = Probe::new();
        let future = probe.future();
        let theirs = probe.clone();
        let other = thread::spawn(move || theirs.finish(7));
        proctor::expect_eq!(block_on(future), 7, "the output of the next future on this thread");
        late.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn the_thread_sleeps_until_somebody_wakes_it() {
    proctor::watch(|| {
        let outcome = catch_unwind(|| {
            interleavings::every_explained("Which is right.", || {
                let mut polled = false;
                block_on(poll_fn(|_| {
                    assert!(
                        !std::mem::replace(&mut polled, true),
                        "a future was polled again, and nobody had woken it: sleep until its waker was called"
                    );
                    Poll::<()>::Pending
                }));
            });
        });
        let Err(payload) = outcome else {
            panic!(
                "nobody woke the future, and nobody ever will: the thread should sleep for good, and it goes round in circles.\n\
                 Sleep with `thread::park`, and look at the flag when it returns."
            )
        };
        let text = payload.downcast_ref::<String>().map_or("", String::as_str);
        if !text.starts_with("Deadlock: a thread waits") {
            resume_unwind(payload);
        }
    });
}
