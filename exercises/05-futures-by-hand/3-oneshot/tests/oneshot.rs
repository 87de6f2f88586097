//! The channel, with its two ends in every order, as loom's model of memory allows them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use loom::thread;
use oneshot::{Cancelled, Receiver, Sender, channel};
use proctor::count::{Drops, Task, Wakes};

fn in_every_order(test: impl Fn() + Send + Sync + 'static) {
    proctor::watch(|| memory_model::every(test));
}

/// Polls once with this waker. The second value is how often the waker was called before.
fn poll<T>(receiver: &mut Receiver<T>, wakes: &Wakes) -> (Poll<Result<T, Cancelled>>, usize) {
    let before = wakes.count();
    let here = wakes.waker();
    let outcome = std::pin::Pin::new(receiver).poll(&mut Context::from_waker(&here));
    (outcome, before)
}

#[test]
fn a_value_sent_before_the_first_poll_is_there() {
    in_every_order(|| {
        let (sender, receiver) = channel();
        sender.send("high water");
        let mut task = Task::new(receiver);
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(Ok("high water")),
            "the first poll, after a value was sent; that `send` drops its sender must not look like a sender dropped unused"
        );
    });
}

#[test]
fn send_wakes_the_receiver() {
    in_every_order(|| {
        let (sender, receiver) = channel();
        let mut task = Task::new(receiver);
        proctor::expect_eq!(task.poll(), Poll::Pending, "a poll before anything was sent");
        proctor::expect_eq!(
            task.wakes(),
            0,
            "how often the receiver was woken before anything was sent"
        );
        sender.send("high water");
        assert!(
            task.wakes() > 0,
            "a value was sent, and the receiver that waits for it was not woken"
        );
        proctor::expect_eq!(task.poll(), Poll::Ready(Ok("high water")), "the poll after the wake");
    });
}

#[test]
fn the_latest_waker_is_woken() {
    in_every_order(|| {
        let (sender, receiver) = channel();
        let mut task = Task::new(receiver);
        proctor::expect_eq!(task.poll(), Poll::Pending, "a poll before anything was sent");
        proctor::expect_eq!(task.poll_with_new_waker(), Poll::Pending, "a poll by another task");
        sender.send("high water");
        assert!(
            task.wakes() > 0,
            "two tasks have polled the receiver, one after the other; a value was sent, and the task that polled last was not woken"
        );
    });
}

#[test]
fn a_dropped_sender_is_told_at_the_next_poll() {
    in_every_order(|| {
        let (sender, receiver) = channel::<()>();
        drop(sender);
        let mut task = Task::new(receiver);
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(Err(Cancelled)),
            "the first poll, after the sender was dropped"
        );
    });
}

#[test]
fn a_dropped_sender_wakes_the_receiver() {
    in_every_order(|| {
        let (sender, receiver) = channel::<()>();
        let mut task = Task::new(receiver);
        proctor::expect_eq!(task.poll(), Poll::Pending, "a poll before anything was sent");
        drop(sender);
        assert!(
            task.wakes() > 0,
            "the sender was dropped, and the receiver was not woken: it waits for a value that nobody can send any more"
        );
        proctor::expect_eq!(task.poll(), Poll::Ready(Err(Cancelled)), "the poll after the wake");
    });
}

#[test]
fn no_wake_is_lost() {
    in_every_order(|| {
        let (sender, mut receiver) = channel();
        let other = thread::spawn(move || sender.send(7));
        let wakes = Wakes::new();
        let (outcome, before) = poll(&mut receiver, &wakes);
        other.join().unwrap();
        if outcome == Poll::Pending {
            assert!(
                wakes.count() > before,
                "a poll came while another thread sent; it returned `Pending`, and no wake followed. The receiver would wait for ever"
            );
            proctor::expect_eq!(
                poll(&mut receiver, &wakes).0,
                Poll::Ready(Ok(7)),
                "the poll after the wake"
            );
        } else {
            proctor::expect_eq!(
                outcome,
                Poll::Ready(Ok(7)),
                "a poll that came while another thread sent"
            );
        }
    });
}

/// Remembers that it was woken. A plain atomic: what the test itself does makes no new orders.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
    }
}

#[test]
fn the_value_is_there_when_the_receiver_is_woken() {
    in_every_order(|| {
        let (sender, receiver) = channel();
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let mut context = Context::from_waker(&waker);
        let mut receiver = std::pin::pin!(receiver);
        let mut outcome = receiver.as_mut().poll(&mut context);
        proctor::expect_eq!(outcome, Poll::Pending, "a poll before anything was sent");
        let other = thread::spawn(move || sender.send(7));
        while !bell.rung.swap(false, Ordering::SeqCst) {
            thread::yield_now();
        }
        outcome = receiver.as_mut().poll(&mut context);
        other.join().unwrap();
        if outcome == Poll::Pending {
            assert!(
                bell.rung.load(Ordering::SeqCst),
                "the receiver was woken, polled, and found nothing; the value came afterwards, and no wake with it. It would wait for ever"
            );
            outcome = receiver.as_mut().poll(&mut context);
        }
        proctor::expect_eq!(outcome, Poll::Ready(Ok(7)), "the poll after the last wake");
    });
}

/// A waker that has the receiver polled before it returns.
#[derive(Default)]
struct Eager {
    receiver: Mutex<Option<Receiver<u8>>>,
    found: Mutex<Option<Poll<Result<u8, Cancelled>>>>,
    other: Mutex<Option<thread::JoinHandle<()>>>,
    receiver_had_to_wait: AtomicBool,
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let Some(mut receiver) = self.receiver.lock().unwrap().take() else { return };
        let there = Arc::clone(&self);
        // In a thread of its own: here, a lock that is still held would end the whole run.
        *self.other.lock().unwrap() = Some(thread::spawn(move || {
            let mut context = Context::from_waker(Waker::noop());
            let outcome = std::pin::Pin::new(&mut receiver).poll(&mut context);
            *there.found.lock().unwrap() = Some(outcome);
        }));
        for _ in 0..20 {
            if self.found.lock().unwrap().is_some() {
                return;
            }
            thread::yield_now();
        }
        self.receiver_had_to_wait.store(true, Ordering::SeqCst);
    }
}

/// What a receiver is told that is polled before the wake returns, when the sender does this.
fn found_before_the_wake_returns(
    settle: impl FnOnce(Sender<u8>),
) -> Option<Poll<Result<u8, Cancelled>>> {
    let (sender, mut receiver) = channel();
    let eager = Arc::new(Eager::default());
    let waker = Waker::from(Arc::clone(&eager));
    let outcome = std::pin::Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker));
    proctor::expect_eq!(outcome, Poll::Pending, "a poll before anything was sent");
    *eager.receiver.lock().unwrap() = Some(receiver);
    settle(sender);
    let other = eager.other.lock().unwrap().take();
    if let Some(other) = other {
        other.join().unwrap();
    }
    assert!(
        !eager.receiver_had_to_wait.load(Ordering::SeqCst),
        "the receiver was polled before `wake` returned, and could not look: let go of the lock first, and wake last"
    );
    eager.found.lock().unwrap().take()
}

#[test]
fn it_may_be_polled_before_the_wake_returns() {
    in_every_order(|| {
        proctor::expect_eq!(
            found_before_the_wake_returns(|sender| sender.send(7)),
            Some(Poll::Ready(Ok(7))),
            "what the receiver said to a waker that had it polled before `wake` returned, when a value was sent"
        );
    });
    in_every_order(|| {
        proctor::expect_eq!(
            found_before_the_wake_returns(drop),
            Some(Poll::Ready(Err(Cancelled))),
            "what the receiver said to a waker that had it polled before `wake` returned, when the sender was dropped unused"
        );
    });
}

#[test]
fn no_wake_is_lost_when_the_waker_changes() {
    in_every_order(|| {
        let (sender, mut receiver) = channel();
        let (first, second) = (Wakes::new(), Wakes::new());
        proctor::expect_eq!(
            poll(&mut receiver, &first).0,
            Poll::Pending,
            "a poll before anything was sent"
        );
        let other = thread::spawn(move || sender.send(7));
        let (outcome, _) = poll(&mut receiver, &second);
        other.join().unwrap();
        if outcome == Poll::Pending {
            assert!(
                second.count() > 0,
                "another task polled the receiver while a value was sent; it got `Pending`, and was never woken"
            );
            proctor::expect_eq!(
                poll(&mut receiver, &second).0,
                Poll::Ready(Ok(7)),
                "the poll after the wake"
            );
        }
    });
}

#[test]
fn no_drop_is_missed() {
    in_every_order(|| {
        let (sender, mut receiver) = channel::<()>();
        let other = thread::spawn(move || drop(sender));
        let wakes = Wakes::new();
        let (outcome, before) = poll(&mut receiver, &wakes);
        other.join().unwrap();
        if outcome == Poll::Pending {
            assert!(
                wakes.count() > before,
                "a poll came while another thread dropped the sender; it returned `Pending`, and no wake followed"
            );
        }
    });
}

#[test]
fn a_value_that_nobody_receives_is_dropped() {
    in_every_order(|| {
        let drops = Drops::new();
        let (sender, receiver) = channel();
        drop(receiver);
        sender.send(drops.token());
        proctor::expect_eq!(
            drops.alive(),
            0,
            "how many values have outlived both ends of the channel"
        );
    });
}
