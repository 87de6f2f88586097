//! The futures of the chapter, polled by hand.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_by_hand::gauge::reading;
use futures_by_hand::{
    Clock, Countdown, Either, Elapsed, block_on, join, oneshot, select, timeout,
};
use proctor::count::{Probe, Task};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_countdown_wakes_once_for_each_pending() {
    let mut task = Task::new(Countdown::from(2));
    assert_eq!(task.poll(), Poll::Pending);
    assert_eq!(task.poll(), Poll::Pending);
    assert_eq!(task.poll(), Poll::Ready("lift-off"));
    assert_eq!(task.wakes(), 2);
}

#[test]
fn block_on_hears_a_wake_that_comes_before_it_sleeps() {
    proctor::watch(|| assert_eq!(block_on(Countdown::from(1_000)), "lift-off"));
}

#[test]
fn block_on_hears_a_wake_whose_token_the_future_has_taken() {
    proctor::watch(|| {
        let polled = Cell::new(false);
        block_on(poll_fn(|context| {
            if polled.replace(true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            // A future that blocks on a channel or a lock may do this underneath.
            thread::park();
            Poll::Pending
        }));
    });
}

#[test]
fn block_on_polls_only_when_woken() {
    proctor::watch(|| {
        let polls = Cell::new(0);
        let (sender, mut receiver) = oneshot::channel();
        let this = thread::current();
        let mut sender = Some(sender);
        block_on(poll_fn(|context| {
            polls.set(polls.get() + 1);
            let outcome = Pin::new(&mut receiver).poll(context);
            if let Some(sender) = sender.take() {
                let this = this.clone();
                thread::spawn(move || {
                    // The thread is unparked, and nobody has woken the future.
                    this.unpark();
                    sender.send(());
                });
            }
            outcome
        }));
        assert_eq!(polls.get(), 2);
    });
}

#[test]
fn block_on_is_woken_from_another_thread() {
    proctor::watch(|| {
        for _ in 0..1_000 {
            let (sender, receiver) = oneshot::channel();
            let other = thread::spawn(move || sender.send(7));
            assert_eq!(block_on(receiver), 7);
            other.join().unwrap();
        }
    });
}

#[test]
fn a_real_clock_wakes_its_sleepers_in_order() {
    proctor::watch(|| {
        let clock = Clock::real();
        let late = clock.sleep(Duration::from_millis(20));
        let early = clock.sleep(Duration::from_millis(1));
        assert!(matches!(block_on(select(late, early)), Either::Second(())));
    });
}

#[test]
fn a_sleep_wakes_its_latest_waker_once_and_at_its_time() {
    let clock = Clock::by_hand();
    let mut task = Task::new(clock.sleep(SECOND));
    assert_eq!(task.poll(), Poll::Pending);
    assert_eq!(task.poll_with_new_waker(), Poll::Pending);
    assert_eq!(clock.sleepers(), 1);
    clock.advance(SECOND / 2);
    assert_eq!(task.wakes(), 0);
    clock.advance(SECOND / 2);
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(), Poll::Ready(()));
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn a_sleep_that_is_dropped_is_forgotten() {
    let clock = Clock::by_hand();
    let mut task = Task::new(clock.sleep(SECOND));
    assert_eq!(task.poll(), Poll::Pending);
    drop(task);
    assert_eq!(clock.sleepers(), 0);
    assert!(!clock.advance_to_next());
}

#[test]
fn join_keeps_outputs_in_order_and_polls_only_what_is_pending() {
    let probes = [Probe::new(), Probe::new()];
    let mut task = Task::new(join(probes.iter().map(Probe::future)));
    assert_eq!(task.poll(), Poll::Pending);
    probes[1].finish("second");
    assert_eq!((task.wakes(), task.poll()), (1, Poll::Pending));
    assert!(probes[1].is_dropped(), "what is done is dropped at once");
    probes[0].finish("first");
    assert_eq!(task.poll(), Poll::Ready(vec!["first", "second"]));
    assert_eq!((probes[0].polls(), probes[1].polls()), (3, 2));
}

#[test]
fn joining_nothing_is_done_at_once() {
    let mut task = Task::new(join(Vec::<Countdown>::new()));
    assert_eq!(task.poll(), Poll::Ready(Vec::new()));
}

#[test]
fn select_hears_whoever_is_first_and_does_not_poll_the_other_again() {
    let (left, right) = (Probe::new(), Probe::new());
    let mut task = Task::new(select(left.future(), right.future()));
    assert_eq!(task.poll(), Poll::Pending);
    right.finish(2);
    assert_eq!(task.poll(), Poll::Ready(Either::<i32, i32>::Second(2)));
    assert_eq!(left.polls(), 2);
    drop(task);
    assert!(left.is_dropped());
}

#[test]
fn an_answer_at_the_last_moment_is_in_time() {
    let clock = Clock::by_hand();
    let outcome = |takes| {
        let reading = reading(&clock, 1.9, takes);
        clock.run(timeout(&clock, 2 * SECOND, reading))
    };
    assert_eq!(outcome(2 * SECOND), Ok(1.9));
    assert_eq!(outcome(3 * SECOND), Err(Elapsed));
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn a_oneshot_wakes_the_latest_waker() {
    let (sender, receiver) = oneshot::channel();
    let mut task = Task::new(receiver);
    assert_eq!(task.poll(), Poll::Pending);
    assert_eq!(task.poll_with_new_waker(), Poll::Pending);
    sender.send("high water");
    assert_eq!((task.wakes(), task.wakers()), (1, 0));
    assert_eq!(task.poll(), Poll::Ready("high water"));
}

/// A waker that polls then and there.
#[derive(Default)]
struct Eager {
    receiver: Mutex<Option<oneshot::Receiver<u8>>>,
    found: Mutex<Option<Poll<u8>>>,
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let mut receiver = self.receiver.lock().unwrap().take().unwrap();
        let outcome = Pin::new(&mut receiver).poll(&mut Context::from_waker(Waker::noop()));
        *self.found.lock().unwrap() = Some(outcome);
    }
}

#[test]
fn a_oneshot_wakes_when_the_value_is_there_and_the_lock_is_released() {
    proctor::watch(|| {
        let (sender, mut receiver) = oneshot::channel();
        let eager = Arc::new(Eager::default());
        let waker = Waker::from(Arc::clone(&eager));
        let outcome = Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker));
        assert_eq!(outcome, Poll::Pending);
        *eager.receiver.lock().unwrap() = Some(receiver);
        sender.send(7);
        assert_eq!(*eager.found.lock().unwrap(), Some(Poll::Ready(7)));
    });
}

#[test]
#[should_panic(expected = "no timer is left")]
fn a_clock_by_hand_says_so_when_nothing_can_happen_any_more() {
    let (_sender, receiver) = oneshot::channel::<()>();
    Clock::by_hand().run(receiver);
}
