//! The clock under the chapter's executor, and by hand.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use executor::{Ebb, Park, TaskGroup, join_all, spawn, yield_now};
use proctor::count::{Polls, Task, Wakes};
use virtual_clock::Clock;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// Runs the future that `body` makes, on an executor with this clock.
fn on_ebb<F: Future>(body: impl FnOnce(Clock) -> F) -> F::Output {
    let clock = Clock::new();
    Ebb::with_park(clock.clone()).block_on(body(clock))
}

/// The text with which `body` panics.
fn panic_of(body: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(body)).err()?;
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
}

#[test]
fn a_sleep_ends_at_its_deadline() {
    proctor::watch(|| {
        let nap = Duration::from_nanos(1_234_567_891);
        let times = on_ebb(async |clock| {
            let mut times = vec![clock.now()];
            clock.sleep(nap).await;
            times.push(clock.now());
            clock.sleep(HOUR).await;
            times.push(clock.now());
            times
        });
        proctor::expect_eq!(
            times,
            [Duration::ZERO, nap, nap + HOUR],
            "the time at the start, after a sleep of 1.234567891 s, and after one of an hour more"
        );
    });
}

#[test]
fn sleeps_of_one_hour_and_two_end_then() {
    proctor::watch(|| {
        let times = on_ebb(async |clock| {
            join_all([2, 1, 3].map(|hours| {
                let clock = clock.clone();
                async move {
                    clock.sleep(hours * HOUR).await;
                    clock.now().as_secs()
                }
            }))
            .await
        });
        proctor::expect_eq!(
            times,
            [7200, 3600, 10_800],
            "the seconds at which three sleeps of 2 h, 1 h and 3 h were over, which began together"
        );
    });
}

#[test]
fn the_clock_stands_still_while_a_task_can_go_on() {
    proctor::watch(|| {
        on_ebb(async |clock| {
            let sleeper = spawn(clock.sleep(SECOND));
            for _ in 0..1_000 {
                yield_now().await;
            }
            proctor::expect_eq!(
                clock.now(),
                Duration::ZERO,
                "the time after 1,000 turns of a task that could go on all the time"
            );
            sleeper.await.unwrap();
            proctor::expect_eq!(clock.now(), SECOND, "the time after a sleep of 1 s");
        });
    });
}

#[test]
fn a_look_moves_nothing() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let mut sleep = Task::new(clock.sleep(SECOND));
        proctor::expect_eq!(sleep.poll(), Poll::Pending, "a sleep of 1 s at 0 s");
        for limit in [Duration::ZERO, HOUR] {
            clock.park(Some(limit));
            proctor::expect_eq!(
                (clock.now(), sleep.wakes()),
                (Duration::ZERO, 0),
                "the time, and how often the sleep was woken, after `park(Some({limit:?}))`"
            );
        }
        clock.park(None);
        proctor::expect_eq!(
            (clock.now(), sleep.wakes()),
            (SECOND, 1),
            "the time, and how often the sleep was woken, after `park(None)`"
        );
        proctor::expect_eq!(sleep.poll(), Poll::Ready(()), "the sleep of 1 s at 1 s");
        let message = panic_of(|| clock.park(Some(Duration::ZERO)));
        proctor::expect_eq!(
            message,
            None,
            "the panic of `park(Some(Duration::ZERO))` when no timer is set: somebody can go on, so it is no deadlock"
        );
    });
}

#[test]
fn one_jump_goes_to_the_next_deadline_only() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let mut sleeps = [2, 1, 3].map(|hours| Task::new(clock.sleep(hours * HOUR)));
        for sleep in &mut sleeps {
            proctor::expect_eq!(sleep.poll(), Poll::Pending, "a sleep at 0 s");
        }
        clock.park(None);
        proctor::expect_eq!(
            clock.now(),
            HOUR,
            "the time after one jump, with sleeps of 2, 1 and 3 h"
        );
        proctor::expect_eq!(
            sleeps.each_ref().map(Task::wakes),
            [0, 1, 0],
            "how often the sleeps of 2, 1 and 3 h were woken by the first jump"
        );
    });
    proctor::watch(|| {
        let log = on_ebb(async |clock| {
            let log = Rc::new(RefCell::new(Vec::new()));
            let mut group = TaskGroup::new();
            let (one, two) = (clock.clone(), clock.clone());
            let (notes, others) = (Rc::clone(&log), Rc::clone(&log));
            group.spawn(async move {
                one.sleep(HOUR).await;
                one.sleep(SECOND).await;
                notes.borrow_mut().push(("an hour and a second", one.now().as_secs()));
            });
            group.spawn(async move {
                two.sleep(2 * HOUR).await;
                others.borrow_mut().push(("two hours", two.now().as_secs()));
            });
            group.join().await.unwrap();
            log.take()
        });
        proctor::expect_eq!(
            log,
            [("an hour and a second", 3601), ("two hours", 7200)],
            "who woke when: one task slept for an hour and then set a timer that is due before the other's"
        );
    });
}

#[test]
fn equal_deadlines_come_in_the_order_of_their_first_polls() {
    proctor::watch(|| {
        let order = on_ebb(async |clock| {
            let order = Rc::new(RefCell::new(Vec::new()));
            let mut group = TaskGroup::new();
            // Made in one order, and polled first in another.
            let sleeps: Vec<_> = (0..5).map(|number| (number, clock.sleep(SECOND))).collect();
            for (number, sleep) in sleeps.into_iter().rev() {
                let order = Rc::clone(&order);
                group.spawn(async move {
                    sleep.await;
                    order.borrow_mut().push(number);
                });
            }
            group.join().await.unwrap();
            proctor::expect_eq!(clock.now(), SECOND, "the time after five sleeps of 1 s together");
            order.take()
        });
        proctor::expect_eq!(
            order,
            [4, 3, 2, 1, 0],
            "the order in which five sleeps with one deadline woke; they were polled first in this order"
        );
    });
}

/// A waker with a name, which is noted when it is woken.
struct Named(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[test]
fn whoever_is_polled_again_keeps_its_place() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let woken = Arc::default();
        let mut sleeps = ["a", "b", "c"].map(|name| {
            (Waker::from(Arc::new(Named(name, Arc::clone(&woken)))), clock.sleep(SECOND))
        });
        for place in [0, 1, 2, 0] {
            let (waker, sleep) = &mut sleeps[place];
            assert!(Pin::new(sleep).poll(&mut Context::from_waker(waker)).is_pending());
        }
        clock.park(None);
        proctor::expect_eq!(
            *woken.lock().unwrap(),
            ["a", "b", "c"],
            "the order of the wakes of three sleeps with one deadline, of which the first was polled again after the others"
        );
    });
}

#[test]
fn everybody_who_is_due_is_woken_at_once() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let mut sleeps = [(); 3].map(|()| Task::new(clock.sleep(SECOND)));
        for sleep in &mut sleeps {
            proctor::expect_eq!(sleep.poll(), Poll::Pending, "a sleep of 1 s at 0 s");
        }
        clock.park(None);
        proctor::expect_eq!(
            sleeps.each_ref().map(Task::wakes),
            [1, 1, 1],
            "how often three sleeps with one deadline were woken by one jump"
        );
    });
}

#[test]
fn no_time_at_all_is_over_at_once() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let mut sleep = Task::new(clock.sleep(Duration::ZERO));
        proctor::expect_eq!(sleep.poll(), Poll::Ready(()), "the first poll of a sleep of 0 s");
        let message = panic_of(|| clock.park(None));
        assert!(message.is_some(), "a sleep of 0 s was ready at once, and has left a timer behind");
    });
}

#[test]
fn a_sleep_counts_from_its_first_poll() {
    proctor::watch(|| {
        let (time, polls) = on_ebb(async |clock| {
            let late = clock.sleep(SECOND);
            clock.sleep(HOUR).await;
            let polls = Polls::new();
            polls.of(late).await;
            (clock.now(), polls.count())
        });
        proctor::expect_eq!(
            (time, polls),
            (HOUR + SECOND, 2),
            "the end, and the polls, of a sleep of 1 s that was made at 0 h and polled first at 1 h"
        );
    });
}

#[test]
fn a_poll_in_between_moves_no_deadline() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let wakes = Wakes::new();
        let here = wakes.waker();
        let mut context = Context::from_waker(&here);
        let mut sleep = clock.sleep(2 * SECOND);
        let mut other = clock.sleep(SECOND);
        assert!(Pin::new(&mut sleep).poll(&mut context).is_pending());
        assert!(Pin::new(&mut other).poll(&mut context).is_pending());
        clock.park(None);
        proctor::expect_eq!(
            Pin::new(&mut sleep).poll(&mut context),
            Poll::Pending,
            "a sleep of 2 s, polled at 0 s and again at 1 s"
        );
        proctor::expect_eq!(
            wakes.wakers() - 1,
            1,
            "how many wakers the clock keeps for one sleep that was polled twice"
        );
        clock.park(None);
        proctor::expect_eq!(clock.now(), 2 * SECOND, "the time of the second jump");
        proctor::expect_eq!(
            Pin::new(&mut sleep).poll(&mut context),
            Poll::Ready(()),
            "the sleep of 2 s at 2 s"
        );
    });
}

#[test]
fn the_latest_waker_is_woken() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let mut sleep = Task::new(clock.sleep(SECOND));
        proctor::expect_eq!(sleep.poll(), Poll::Pending, "a sleep of 1 s at 0 s");
        proctor::expect_eq!(
            sleep.poll_with_new_waker(),
            Poll::Pending,
            "the same, polled by another task"
        );
        clock.park(None);
        proctor::expect_eq!(
            sleep.wakes(),
            1,
            "how often the waker of the sleep's latest poll was woken"
        );
    });
}

#[test]
fn a_dropped_sleep_takes_its_timer_back() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let wakes = Wakes::new();
        let here = wakes.waker();
        let mut context = Context::from_waker(&here);
        let mut sleeps = [1, 3].map(|hours| clock.sleep(hours * HOUR));
        for sleep in &mut sleeps {
            assert!(Pin::new(sleep).poll(&mut context).is_pending());
        }
        let mut other = Task::new(clock.sleep(2 * HOUR));
        proctor::expect_eq!(other.poll(), Poll::Pending, "a sleep of 2 h at 0 h");
        drop(sleeps);
        proctor::expect_eq!(
            wakes.wakers() - 1,
            0,
            "how many wakers the clock keeps of two sleeps that were dropped"
        );
        clock.park(None);
        proctor::expect_eq!(
            clock.now(),
            2 * HOUR,
            "the time of the next jump: a sleep of 1 h was dropped, and one of 2 h waits"
        );
        let message = panic_of(|| clock.park(None));
        proctor::expect_eq!(
            (clock.now(), wakes.count()),
            (2 * HOUR, 0),
            "the time when nobody waits any more, and how often dropped sleeps were woken"
        );
        assert!(message.is_some(), "the sleep that is left is over, and `park(None)` has returned");
    });
    proctor::watch(|| {
        let mut clock = Clock::new();
        let mut sleeps = [(); 3].map(|()| Task::new(clock.sleep(SECOND)));
        for sleep in &mut sleeps {
            proctor::expect_eq!(sleep.poll(), Poll::Pending, "a sleep of 1 s at 0 s");
        }
        let [first, second, third] = sleeps;
        drop(second);
        clock.park(None);
        proctor::expect_eq!(
            (first.wakes(), third.wakes()),
            (1, 1),
            "how often two sleeps of 1 s were woken at 1 s, when a third with the same deadline was dropped"
        );
    });
    // A sleep that was never polled has no timer.
    proctor::watch(|| drop(Clock::new().sleep(SECOND)));
}

#[test]
fn a_time_limit_that_was_not_needed_costs_no_time() {
    proctor::watch(|| {
        let (time, polls) = on_ebb(async |clock| {
            let polls = Polls::new();
            let mut limit = clock.sleep(HOUR);
            let mut work = clock.sleep(SECOND);
            // Whichever comes first.
            let either = polls.of(poll_fn(|context| {
                let work = Pin::new(&mut work).poll(context);
                if work.is_ready() { work } else { Pin::new(&mut limit).poll(context) }
            }));
            either.await;
            drop(limit);
            polls.of(clock.sleep(2 * HOUR)).await;
            (clock.now(), polls.count())
        });
        proctor::expect_eq!(
            time,
            2 * HOUR + SECOND,
            "the time after 1 s of work with a limit of 1 h, and a sleep of 2 h"
        );
        proctor::expect_eq!(polls, 4, "the polls of both: a limit that was dropped wakes nobody");
    });
}

#[test]
fn a_deadlock_is_reported() {
    proctor::watch(|| {
        let message = panic_of(|| Clock::new().park(None));
        assert!(
            message.is_some(),
            "`park(None)` has returned, and nobody waits for a deadline: the executor finds nothing to do, and calls it again and again"
        );
        let at = Rc::new(Cell::new(None));
        let message = panic_of(|| {
            on_ebb(async |clock| {
                clock.sleep(HOUR).await;
                at.set(Some(clock.clone()));
                pending::<()>().await;
            });
        });
        let message = message.expect("`park(None)` must panic when nobody waits for a deadline");
        assert!(
            message.starts_with("deadlock"),
            "the message of a clock without timers must begin with `deadlock`; it is: {message}"
        );
        let clock = at.take().expect("the future has slept for an hour");
        proctor::expect_eq!(clock.now(), HOUR, "the time after the deadlock");
    });
}

#[test]
fn never_is_a_deadline_too() {
    proctor::watch(|| {
        let time = on_ebb(async |clock| {
            clock.sleep(SECOND).await;
            let mut never = clock.sleep(Duration::MAX);
            let mut work = clock.sleep(HOUR);
            poll_fn(|context| {
                assert!(Pin::new(&mut never).poll(context).is_pending(), "never has come");
                Pin::new(&mut work).poll(context)
            })
            .await;
            clock.now()
        });
        proctor::expect_eq!(time, SECOND + HOUR, "the time");
    });
}

thread_local! {
    /// Here, because a waker must be `Send` and a clock is not.
    static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
    static SEEN: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// A waker that looks at the clock.
struct Looks;

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        let clock = CLOCK.take().expect("the test's clock");
        // Setting a timer needs more than a look.
        let mut other = clock.sleep(SECOND);
        let look = || {
            let _ = Pin::new(&mut other).poll(&mut Context::from_waker(Waker::noop()));
            clock.now()
        };
        SEEN.set(catch_unwind(AssertUnwindSafe(look)).ok());
    }
}

#[test]
fn a_waker_may_use_the_clock() {
    proctor::watch(|| {
        let mut clock = Clock::new();
        let mut sleep = clock.sleep(SECOND);
        let waker = Waker::from(Arc::new(Looks));
        let outcome = Pin::new(&mut sleep).poll(&mut Context::from_waker(&waker));
        proctor::expect_eq!(outcome, Poll::Pending, "a sleep of 1 s at 0 s");
        CLOCK.set(Some(clock.clone()));
        clock.park(None);
        proctor::expect_eq!(
            SEEN.take(),
            Some(SECOND),
            "the time that a waker saw which looked at the clock and set a timer (`None`: that panicked); move the clock first, let go of its state, and wake last"
        );
    });
}
