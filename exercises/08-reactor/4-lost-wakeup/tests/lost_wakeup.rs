//! A mailbox, with its two threads in every order, as loom's model of memory allows them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use loom::thread;
use lost_wakeup::{Event, Mailbox};

const READABLE: Event = Event { readable: true, writable: false };
const WRITABLE: Event = Event { readable: false, writable: true };
const BOTH: Event = Event { readable: true, writable: true };

fn in_every_order(test: impl Fn() + Send + Sync + 'static) {
    proctor::watch(|| memory_model::every(test));
}

/// A task that fetches mail. Its waker counts with a plain atomic: what the test itself does makes no new orders.
struct Fetcher {
    bell: Arc<Bell>,
    /// How often the bell had rung when the latest poll began.
    heard: usize,
}

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Fetcher {
    fn new() -> Self {
        Self { bell: Arc::default(), heard: 0 }
    }

    fn poll(&mut self, mailbox: &Mailbox) -> Poll<Option<Event>> {
        self.heard = self.bell.0.load(Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.bell));
        mailbox.poll_next(&mut Context::from_waker(&waker))
    }

    /// Whether the task was woken since its latest poll began.
    fn is_woken(&self) -> bool {
        self.bell.0.load(Ordering::SeqCst) > self.heard
    }

    /// Polls as an executor does: again after each event, and after `Pending` once the task was woken.
    /// True if the mailbox is closed and empty; false if the task sleeps.
    fn run(&mut self, mailbox: &Mailbox, fetched: &mut Event) -> bool {
        loop {
            match self.poll(mailbox) {
                Poll::Ready(Some(event)) => {
                    fetched.readable |= event.readable;
                    fetched.writable |= event.writable;
                }
                Poll::Ready(None) => return true,
                Poll::Pending if self.is_woken() => {}
                Poll::Pending => return false,
            }
        }
    }
}

#[test]
fn what_was_delivered_is_fetched_once() {
    in_every_order(|| {
        let (mailbox, mut task) = (Mailbox::new(), Fetcher::new());
        mailbox.deliver(READABLE);
        proctor::expect_eq!(
            task.poll(&mailbox),
            Poll::Ready(Some(READABLE)),
            "a poll after one delivery"
        );
        proctor::expect_eq!(task.poll(&mailbox), Poll::Pending, "a poll when all was fetched");
        mailbox.deliver(READABLE);
        mailbox.deliver(WRITABLE);
        proctor::expect_eq!(
            task.poll(&mailbox),
            Poll::Ready(Some(BOTH)),
            "a poll after two deliveries, one readable and one writable"
        );
    });
}

#[test]
fn mail_comes_before_the_end() {
    in_every_order(|| {
        let (mailbox, mut task) = (Mailbox::new(), Fetcher::new());
        mailbox.deliver(WRITABLE);
        mailbox.close();
        proctor::expect_eq!(
            task.poll(&mailbox),
            Poll::Ready(Some(WRITABLE)),
            "a poll after a delivery and `close`"
        );
        for _ in 0..2 {
            proctor::expect_eq!(
                task.poll(&mailbox),
                Poll::Ready(None),
                "a poll of a closed mailbox whose mail was fetched"
            );
        }
    });
}

#[test]
fn a_task_that_sleeps_is_woken() {
    in_every_order(|| {
        let (mailbox, mut task) = (Mailbox::new(), Fetcher::new());
        proctor::expect_eq!(task.poll(&mailbox), Poll::Pending, "a poll of an empty mailbox");
        mailbox.deliver(READABLE);
        assert!(task.is_woken(), "something was delivered, and the task that sleeps was not woken");
        proctor::expect_eq!(
            task.poll(&mailbox),
            Poll::Ready(Some(READABLE)),
            "the poll after the wake"
        );
        proctor::expect_eq!(task.poll(&mailbox), Poll::Pending, "a poll when all was fetched");
        mailbox.close();
        assert!(task.is_woken(), "the mailbox was closed, and the task that sleeps was not woken");
        proctor::expect_eq!(task.poll(&mailbox), Poll::Ready(None), "the poll after the wake");
    });
}

#[test]
fn nobody_is_woken_without_news() {
    in_every_order(|| {
        let (mailbox, mut task) = (Mailbox::new(), Fetcher::new());
        for _ in 0..3 {
            proctor::expect_eq!(task.poll(&mailbox), Poll::Pending, "a poll of an empty mailbox");
            assert!(
                !task.is_woken(),
                "nothing was delivered, and the task was woken: it polls, finds nothing, is woken, and polls, \
                 and keeps a processor busy for as long as its client is silent"
            );
        }
    });
}

#[test]
fn the_task_that_polled_last_is_woken() {
    in_every_order(|| {
        let (mailbox, mut first, mut second) = (Mailbox::new(), Fetcher::new(), Fetcher::new());
        proctor::expect_eq!(first.poll(&mailbox), Poll::Pending, "a poll of an empty mailbox");
        proctor::expect_eq!(second.poll(&mailbox), Poll::Pending, "a poll by another task");
        mailbox.deliver(READABLE);
        assert!(
            second.is_woken(),
            "two tasks have polled, one after the other; something was delivered, and the one that polled last was not woken"
        );
    });
}

#[test]
fn no_mail_is_slept_through() {
    in_every_order(|| {
        let mailbox = loom::sync::Arc::new(Mailbox::new());
        let theirs = loom::sync::Arc::clone(&mailbox);
        let poller = thread::spawn(move || theirs.deliver(READABLE));
        let mut task = Fetcher::new();
        let outcome = task.poll(&mailbox);
        poller.join().unwrap();
        if outcome == Poll::Pending {
            assert!(
                task.is_woken(),
                "a task polled while another thread delivered; it was told `Pending`, there is mail, and nobody has woken it. It would sleep for ever"
            );
            proctor::expect_eq!(
                task.poll(&mailbox),
                Poll::Ready(Some(READABLE)),
                "the poll after the wake"
            );
        } else {
            proctor::expect_eq!(
                outcome,
                Poll::Ready(Some(READABLE)),
                "a poll while another thread delivered"
            );
        }
    });
}

#[test]
fn no_end_is_slept_through() {
    in_every_order(|| {
        let mailbox = loom::sync::Arc::new(Mailbox::new());
        let theirs = loom::sync::Arc::clone(&mailbox);
        let poller = thread::spawn(move || theirs.close());
        let mut task = Fetcher::new();
        let outcome = task.poll(&mailbox);
        poller.join().unwrap();
        if outcome == Poll::Pending {
            assert!(
                task.is_woken(),
                "a task polled while another thread closed the mailbox; it was told `Pending`, and nobody has woken it. It would sleep for ever"
            );
            proctor::expect_eq!(task.poll(&mailbox), Poll::Ready(None), "the poll after the wake");
        } else {
            proctor::expect_eq!(
                outcome,
                Poll::Ready(None),
                "a poll while another thread closed the mailbox"
            );
        }
    });
}

#[test]
fn no_mail_is_slept_through_when_the_task_changes() {
    in_every_order(|| {
        let mailbox = loom::sync::Arc::new(Mailbox::new());
        let (mut first, mut second) = (Fetcher::new(), Fetcher::new());
        proctor::expect_eq!(first.poll(&mailbox), Poll::Pending, "a poll of an empty mailbox");
        let theirs = loom::sync::Arc::clone(&mailbox);
        let poller = thread::spawn(move || theirs.deliver(READABLE));
        let outcome = second.poll(&mailbox);
        poller.join().unwrap();
        assert!(
            outcome.is_ready() || second.is_woken(),
            "another task polled while something was delivered; it was told `Pending`, and nobody has woken it. It would sleep for ever"
        );
    });
}

/// A waker whose end takes a turn.
struct Lingering;

impl Wake for Lingering {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Lingering {
    fn drop(&mut self) {
        thread::yield_now();
    }
}

#[test]
fn no_mail_is_slept_through_while_an_old_waker_goes() {
    in_every_order(|| {
        let mailbox = loom::sync::Arc::new(Mailbox::new());
        // The task that polled first is gone; its waker goes when another takes its place.
        let outcome =
            mailbox.poll_next(&mut Context::from_waker(&Waker::from(Arc::new(Lingering))));
        proctor::expect_eq!(outcome, Poll::Pending, "a poll of an empty mailbox");
        let theirs = loom::sync::Arc::clone(&mailbox);
        let poller = thread::spawn(move || theirs.deliver(READABLE));
        let mut task = Fetcher::new();
        let outcome = task.poll(&mailbox);
        poller.join().unwrap();
        assert!(
            outcome.is_ready() || task.is_woken(),
            "something was delivered while a task left its waker in the place of an old one, whose drop took some time; \
             the task was told `Pending`, and nobody has woken it. It would sleep for ever"
        );
    });
}

/// Runs a task beside a thread that does this to its mailbox, and returns what it fetched, and whether it heard of the end.
fn fetched_beside(poller: impl FnOnce(&Mailbox) + 'static) -> (Event, bool) {
    let mailbox = loom::sync::Arc::new(Mailbox::new());
    let theirs = loom::sync::Arc::clone(&mailbox);
    let poller = thread::spawn(move || poller(&theirs));
    let (mut task, mut fetched) = (Fetcher::new(), Event::default());
    let mut over = task.run(&mailbox, &mut fetched);
    poller.join().unwrap();
    if !over && task.is_woken() {
        over = task.run(&mailbox, &mut fetched);
    }
    (fetched, over)
}

#[test]
fn two_deliveries_arrive() {
    in_every_order(|| {
        let (fetched, _) = fetched_beside(|mailbox| {
            mailbox.deliver(READABLE);
            mailbox.deliver(WRITABLE);
        });
        proctor::expect_eq!(
            fetched,
            BOTH,
            "what a task has fetched that polls whenever it is woken, after another thread delivered readable, and then writable"
        );
    });
}

#[test]
fn the_end_does_not_overtake_the_mail() {
    in_every_order(|| {
        let (fetched, over) = fetched_beside(|mailbox| {
            mailbox.deliver(READABLE);
            mailbox.close();
        });
        proctor::expect_eq!(
            (fetched, over),
            (READABLE, true),
            "what a task has fetched that polls whenever it is woken, and whether it was told `None`, after another thread delivered and closed the mailbox"
        );
    });
}

/// A waker that has the mailbox polled before it returns.
struct Eager {
    mailbox: loom::sync::Arc<Mailbox>,
    state: Mutex<EagerState>,
}

#[derive(Default)]
struct EagerState {
    found: Option<Poll<Option<Event>>>,
    poll: Option<thread::JoinHandle<()>>,
    had_to_wait: bool,
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        if self.state.lock().unwrap().poll.is_some() {
            return;
        }
        let there = Arc::clone(&self);
        // In a thread of its own: here, a lock that is still held would end the whole run.
        let poll = thread::spawn(move || {
            let outcome = there.mailbox.poll_next(&mut Context::from_waker(Waker::noop()));
            there.state.lock().unwrap().found = Some(outcome);
        });
        self.state.lock().unwrap().poll = Some(poll);
        for _ in 0..20 {
            if self.state.lock().unwrap().found.is_some() {
                return;
            }
            thread::yield_now();
        }
        self.state.lock().unwrap().had_to_wait = true;
    }
}

/// What a task is told that polls before the wake returns, when this happens to its mailbox.
fn found_before_the_wake_returns(happens: impl FnOnce(&Mailbox)) -> Option<Poll<Option<Event>>> {
    let mailbox = loom::sync::Arc::new(Mailbox::new());
    let eager =
        Arc::new(Eager { mailbox: loom::sync::Arc::clone(&mailbox), state: Mutex::default() });
    let waker = Waker::from(Arc::clone(&eager));
    let outcome = mailbox.poll_next(&mut Context::from_waker(&waker));
    proctor::expect_eq!(outcome, Poll::Pending, "a poll of an empty mailbox");
    drop(waker);
    happens(&mailbox);
    let poll = eager.state.lock().unwrap().poll.take();
    if let Some(poll) = poll {
        poll.join().unwrap();
    }
    let state = eager.state.lock().unwrap();
    assert!(
        !state.had_to_wait,
        "a task polled before `wake` had returned, and could not look: let go of the lock first, and wake last"
    );
    state.found
}

#[test]
fn a_task_may_poll_before_the_wake_returns() {
    in_every_order(|| {
        proctor::expect_eq!(
            found_before_the_wake_returns(|mailbox| mailbox.deliver(WRITABLE)),
            Some(Poll::Ready(Some(WRITABLE))),
            "what a task fetched that polled before `wake` had returned, when something was delivered"
        );
    });
    in_every_order(|| {
        proctor::expect_eq!(
            found_before_the_wake_returns(Mailbox::close),
            Some(Poll::Ready(None)),
            "what a task fetched that polled before `wake` had returned, when the mailbox was closed"
        );
    });
}
