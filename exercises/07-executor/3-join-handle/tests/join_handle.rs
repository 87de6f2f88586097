//! Tasks and their handles, polled by hand and on Ebb.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use executor::Ebb;
use join_handle::{JoinError, JoinHandle, Task, task};
use proctor::count::{Drops, Polls, Probe, Task as Hand};

/// What a handle says, in a form that can be compared.
#[derive(Debug, PartialEq)]
enum Said<T> {
    Pending,
    Output(T),
    Aborted,
    Panicked(String),
}

fn said<T>(poll: Poll<Result<T, JoinError>>) -> Said<T> {
    match poll {
        Poll::Pending => Said::Pending,
        Poll::Ready(Ok(output)) => Said::Output(output),
        Poll::Ready(Err(JoinError::Aborted)) => Said::Aborted,
        Poll::Ready(Err(JoinError::Panicked(payload))) => {
            let text = payload.downcast_ref::<&str>().copied();
            Said::Panicked(text.unwrap_or("a payload that is not the one of the panic").to_owned())
        }
    }
}

fn breaks<T>() -> T {
    panic!("out of shells")
}

/// Both halves, in the test's hand.
fn by_hand<F: Future + 'static>(future: F) -> (Hand<Task<F>>, Hand<JoinHandle<F::Output>>) {
    let (task, handle) = task(future);
    (Hand::new(task), Hand::new(handle))
}

/// As an executor with nothing else to do: polls the task, and again as long as it has been woken meanwhile.
fn run<F: Future>(task: &mut Hand<Task<F>>) -> Poll<()> {
    loop {
        let before = task.wakes();
        let outcome = task.poll();
        if outcome.is_ready() || task.wakes() == before {
            return outcome;
        }
    }
}

#[test]
fn the_output_comes_to_the_handle() {
    proctor::watch(|| {
        let probe = Probe::new();
        let (mut task, mut handle) = by_hand(probe.future());
        proctor::expect_eq!(said(handle.poll()), Said::Pending, "the handle before the task ran");
        proctor::expect_eq!(task.poll(), Poll::Pending, "the task, of a future that is pending");
        proctor::expect_eq!(said(handle.poll()), Said::Pending, "the handle while the task waits");
        probe.finish(7);
        proctor::expect_eq!(task.wakes(), 1, "how often the task was woken by its future");
        proctor::expect_eq!(handle.wakes(), 0, "how often the handle was woken before the end");
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the task, of a future that is ready");
        proctor::expect_eq!(handle.wakes(), 1, "how often the handle was woken by the end");
        proctor::expect_eq!(said(handle.poll()), Said::Output(7), "the handle after the end");
    });
}

#[test]
fn a_late_join_gets_the_output() {
    proctor::watch(|| {
        let (mut task, mut handle) = by_hand(ready(7));
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the task, of a future that is ready");
        drop(task);
        proctor::expect_eq!(
            said(handle.poll()),
            Said::Output(7),
            "the first poll of the handle, when the task has ended and is dropped"
        );
    });
}

#[test]
fn the_latest_waker_is_woken() {
    proctor::watch(|| {
        let (mut task, mut handle) = by_hand(ready(7));
        proctor::expect_eq!(said(handle.poll()), Said::Pending, "the handle before the task ran");
        proctor::expect_eq!(
            said(handle.poll_with_new_waker()),
            Said::Pending,
            "the same, polled by another task"
        );
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the task");
        proctor::expect_eq!(
            handle.wakes(),
            1,
            "how often the waker of the handle's latest poll was woken"
        );
    });
}

thread_local! {
    /// Here, because a waker must be `Send` and a handle is not.
    static WAITING: RefCell<Option<JoinHandle<u8>>> = const { RefCell::new(None) };
    static FOUND: RefCell<Option<Said<u8>>> = const { RefCell::new(None) };
}

/// A waker that polls the handle then and there.
struct Eager;

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let mut handle = WAITING.take().expect("the handle that waits");
        let poll = || Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
        FOUND.set(catch_unwind(AssertUnwindSafe(poll)).ok().map(said));
    }
}

#[test]
fn the_handle_may_be_polled_inside_of_the_wake() {
    proctor::watch(|| {
        let (task, mut handle) = task(ready(7));
        let waker = Waker::from(Arc::new(Eager));
        let outcome = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
        proctor::expect_eq!(said(outcome), Said::Pending, "the handle before the task ran");
        WAITING.set(Some(handle));
        let outcome = Hand::new(task).poll();
        proctor::expect_eq!(outcome, Poll::Ready(()), "the task");
        proctor::expect_eq!(
            FOUND.take(),
            Some(Said::Output(7)),
            "what the handle said to a waker that polled it inside of `wake` (`None`: that poll panicked); leave the result first, let go of what you share, and wake last"
        );
    });
}

#[test]
fn a_panic_is_the_handles_output() {
    proctor::watch(|| {
        let (mut task, mut handle) = by_hand(async { breaks::<()>() });
        proctor::expect_eq!(said(handle.poll()), Said::Pending, "the handle before the task ran");
        let outcome = catch_unwind(AssertUnwindSafe(|| task.poll()));
        proctor::expect_eq!(
            outcome.ok(),
            Some(Poll::Ready(())),
            "the task, of a future that panics (`None`: the panic came out of the task, and would have ended its executor)"
        );
        proctor::expect_eq!(handle.wakes(), 1, "how often the handle was woken by the panic");
        proctor::expect_eq!(
            said(handle.poll()),
            Said::Panicked(String::from("out of shells")),
            "the handle after the panic"
        );
    });
}

#[test]
fn abort_drops_the_future_instead_of_polling_it() {
    proctor::watch(|| {
        let (probe, drops) = (Probe::<()>::new(), Drops::new());
        let (future, token) = (probe.future(), drops.token());
        let (mut task, handle) = task_of(async move {
            let _token = token;
            future.await;
        });
        proctor::expect_eq!(task.poll(), Poll::Pending, "the task, of a future that is pending");
        // Ready, and not polled yet: the abort comes first.
        probe.finish(());
        let before = task.wakes();
        handle.abort();
        assert!(
            task.wakes() > before,
            "the task was aborted, and not woken: nobody will give it the turn in which its future is dropped"
        );
        let mut handle = Hand::new(handle);
        if drops.alive() > 0 {
            proctor::expect_eq!(
                said(handle.poll()),
                Said::Pending,
                "the handle while the future is still there: whoever waits for it wants the future gone, with its locks and connections"
            );
        }
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the turn of an aborted task");
        proctor::expect_eq!(probe.polls(), 1, "the polls of the future: one before the abort");
        proctor::expect_eq!(drops.alive(), 0, "the futures left after that turn");
        proctor::expect_eq!(said(handle.poll()), Said::Aborted, "the handle after that turn");
    });
}

/// The task in the test's hand, the handle as it is.
fn task_of<F: Future + 'static>(future: F) -> (Hand<Task<F>>, JoinHandle<F::Output>) {
    let (task, handle) = task(future);
    (Hand::new(task), handle)
}

#[test]
fn abort_wakes_whoever_polled_the_task_last() {
    proctor::watch(|| {
        let (mut task, handle) = task_of(pending::<()>());
        proctor::expect_eq!(task.poll(), Poll::Pending, "the task, of a future that is pending");
        proctor::expect_eq!(
            task.poll_with_new_waker(),
            Poll::Pending,
            "the same, polled with another waker"
        );
        handle.abort();
        assert!(
            task.wakes() > 0,
            "the task was polled with two wakers, one after the other, and then aborted; the waker of its latest poll was not woken"
        );
    });
}

#[test]
fn abort_wakes_whoever_waits_for_the_handle() {
    proctor::watch(|| {
        let (mut task, handle) = task(pending::<()>());
        let mut task = Hand::new(&mut task);
        proctor::expect_eq!(task.poll(), Poll::Pending, "the task, of a future that is pending");
        let handle = RefCell::new(handle);
        let mut waiter =
            Hand::new(poll_fn(|context| Pin::new(&mut *handle.borrow_mut()).poll(context)));
        proctor::expect_eq!(said(waiter.poll()), Said::Pending, "the handle while the task waits");
        handle.borrow().abort();
        handle.borrow().abort();
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the turn of an aborted task");
        proctor::expect_eq!(
            waiter.wakes(),
            1,
            "how often the handle's task was woken when the abort was done"
        );
        proctor::expect_eq!(said(waiter.poll()), Said::Aborted, "the handle after that turn");
    });
}

#[test]
fn abort_before_the_first_poll() {
    proctor::watch(|| {
        let (polls, drops) = (Polls::new(), Drops::new());
        let token = drops.token();
        let (mut task, handle) = task_of(polls.of(async move {
            let _token = token;
        }));
        handle.abort();
        let mut handle = Hand::new(handle);
        if drops.alive() > 0 {
            proctor::expect_eq!(
                said(handle.poll()),
                Said::Pending,
                "the handle of a task that was aborted before its first turn, while its future is still there, with all that it owns"
            );
        }
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the first turn of an aborted task");
        proctor::expect_eq!(polls.count(), 0, "the polls of a future that was aborted before");
        proctor::expect_eq!(drops.alive(), 0, "the futures left");
        proctor::expect_eq!(said(handle.poll()), Said::Aborted, "the handle");
    });
}

#[test]
fn abort_after_the_end_changes_nothing() {
    proctor::watch(|| {
        let (mut task, handle) = task_of(ready(7));
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the task, of a future that is ready");
        handle.abort();
        proctor::expect_eq!(
            said(Hand::new(handle).poll()),
            Said::Output(7),
            "the handle of a task that was aborted when it had ended"
        );
    });
}

/// A place for a handle that its own future can reach.
type Own<T> = Rc<RefCell<Option<JoinHandle<T>>>>;

#[test]
fn a_task_may_abort_itself() {
    proctor::watch(|| {
        let own = Own::default();
        let mine = Rc::clone(&own);
        let polls = Polls::new();
        let (mut task, handle) = task_of(polls.of(async move {
            mine.borrow().as_ref().unwrap().abort();
            pending::<()>().await;
        }));
        *own.borrow_mut() = Some(handle);
        proctor::expect_eq!(
            run(&mut task),
            Poll::Ready(()),
            "a task that aborts itself in its first poll, and then waits: it is not woken, or the abort is forgotten"
        );
        proctor::expect_eq!(polls.count(), 1, "the polls of its future");
        let handle = own.take().unwrap();
        proctor::expect_eq!(said(Hand::new(handle).poll()), Said::Aborted, "its handle");
    });
}

#[test]
fn a_task_that_aborts_itself_and_ends_keeps_its_output() {
    proctor::watch(|| {
        let own = Own::default();
        let mine = Rc::clone(&own);
        let (mut task, handle) = task_of(async move {
            mine.borrow().as_ref().unwrap().abort();
            7
        });
        *own.borrow_mut() = Some(handle);
        proctor::expect_eq!(run(&mut task), Poll::Ready(()), "the task");
        let handle = own.take().unwrap();
        proctor::expect_eq!(
            said(Hand::new(handle).poll()),
            Said::Output(7),
            "the handle of a task that aborts itself and ends in the same poll: it has ended before its next turn"
        );
    });
}

/// Ends when it is told to. When it is dropped, it asks its own handle how things stand, and aborts its own task.
struct AbortsOnDrop {
    own: Own<()>,
    ends: Rc<Cell<bool>>,
    heard: Rc<RefCell<Option<Said<()>>>>,
}

impl Future for AbortsOnDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.ends.get() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for AbortsOnDrop {
    fn drop(&mut self) {
        // Taken already, if it is `abort` that drops the future.
        let Ok(mut own) = self.own.try_borrow_mut() else { return };
        let handle = own.as_mut().unwrap();
        let outcome = Pin::new(&mut *handle).poll(&mut Context::from_waker(Waker::noop()));
        *self.heard.borrow_mut() = Some(said(outcome));
        handle.abort();
    }
}

#[test]
fn a_destructor_may_use_the_handle() {
    proctor::watch(|| {
        for end in ["output", "abort", "drop"] {
            let (own, ends, heard) = (Own::default(), Rc::<Cell<_>>::default(), Rc::default());
            let future = AbortsOnDrop {
                own: Rc::clone(&own),
                ends: Rc::clone(&ends),
                heard: Rc::clone(&heard),
            };
            let (mut task, handle) = task_of(future);
            *own.borrow_mut() = Some(handle);
            proctor::expect_eq!(task.poll(), Poll::Pending, "the task before it ends");
            match end {
                "output" => ends.set(true),
                "abort" => own.borrow().as_ref().unwrap().abort(),
                _ => {}
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                if end == "drop" {
                    drop(task);
                    return Poll::Ready(());
                }
                task.poll()
            }));
            proctor::expect_eq!(
                outcome.ok(),
                Some(Poll::Ready(())),
                "the end of a task by {end}, in which the destructor of its future polls the handle and calls `abort` (`None`: that panicked; drop the future while nothing that both share is borrowed)"
            );
            proctor::expect_eq!(
                heard.take().unwrap_or(Said::Pending),
                Said::Pending,
                "what the handle said to the destructor, at the end of a task by {end}: the future is not gone while it runs"
            );
            let handle = own.take().unwrap();
            let expected = if end == "output" { Said::Output(()) } else { Said::Aborted };
            proctor::expect_eq!(said(Hand::new(handle).poll()), expected, "the handle after that");
        }
    });
}

/// Notes how many futures there are when it is woken.
struct Look {
    drops: Drops,
    seen: Mutex<Option<usize>>,
}

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        *self.seen.lock().unwrap() = Some(self.drops.alive());
    }
}

#[test]
fn the_future_is_gone_when_the_handle_is_woken() {
    /// Ends when the test has said how.
    struct Ending {
        how: Rc<Cell<&'static str>>,
        _token: proctor::count::Token,
    }
    impl Future for Ending {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            match self.how.get() {
                "output" => Poll::Ready(()),
                "panic" => panic!("out of shells"),
                _ => Poll::Pending,
            }
        }
    }
    proctor::watch(|| {
        for end in ["output", "panic", "abort", "drop"] {
            let drops = Drops::new();
            let how = Rc::new(Cell::new(""));
            let (mut task, mut handle) =
                task_of(Ending { how: Rc::clone(&how), _token: drops.token() });
            proctor::expect_eq!(task.poll(), Poll::Pending, "the task before it ends");
            let look = Arc::new(Look { drops, seen: Mutex::new(None) });
            let waker = Waker::from(Arc::clone(&look));
            let outcome = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
            proctor::expect_eq!(said(outcome), Said::Pending, "the handle before the end");
            how.set(end);
            match end {
                "drop" => drop(task),
                "abort" => {
                    handle.abort();
                    let _ = task.poll();
                }
                _ => {
                    let _ = task.poll();
                }
            }
            let seen = *look.seen.lock().unwrap();
            proctor::expect_eq!(
                seen,
                Some(0),
                "how many futures there were when the handle was woken, by the end of a task by {end} (`None`: it was not woken)"
            );
        }
    });
}

#[test]
fn a_task_that_is_dropped_is_aborted() {
    proctor::watch(|| {
        let (mut task, mut handle) = by_hand(pending::<()>());
        proctor::expect_eq!(task.poll(), Poll::Pending, "the task, of a future that is pending");
        proctor::expect_eq!(said(handle.poll()), Said::Pending, "the handle while the task waits");
        drop(task);
        proctor::expect_eq!(
            handle.wakes(),
            1,
            "how often the handle was woken when the task was dropped: nobody else will tell it"
        );
        proctor::expect_eq!(said(handle.poll()), Said::Aborted, "the handle after that");

        let (task, mut handle) = by_hand(ready(7));
        drop(task);
        proctor::expect_eq!(
            said(handle.poll()),
            Said::Aborted,
            "the handle of a task that was dropped before its first turn"
        );
    });
}

#[test]
fn a_dropped_handle_cancels_nothing() {
    proctor::watch(|| {
        let (probe, drops) = (Probe::new(), Drops::new());
        let (mut task, mut handle) = by_hand(probe.future());
        proctor::expect_eq!(task.poll(), Poll::Pending, "the task, of a future that is pending");
        assert!(handle.poll().is_pending(), "the handle is ready, and the task waits");
        drop(handle);
        probe.finish(drops.token());
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the task, of a future that is ready");
        proctor::expect_eq!(
            probe.polls(),
            2,
            "the polls of the future: a task whose handle is gone runs to its end"
        );
        drop(task);
        proctor::expect_eq!(drops.alive(), 0, "the outputs that nobody will get");
    });
    proctor::watch(|| {
        let drops = Drops::new();
        let (mut task, handle) = by_hand(ready(drops.token()));
        proctor::expect_eq!(task.poll(), Poll::Ready(()), "the task, of a future that is ready");
        drop((task, handle));
        proctor::expect_eq!(drops.alive(), 0, "the outputs that nobody has got");
    });
}

const SECOND: Duration = Duration::from_secs(1);

fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    let (task, handle) = task(future);
    drop(executor::spawn(task));
    handle
}

#[test]
fn tasks_on_ebb() {
    proctor::watch(|| {
        let (log, drops) = Ebb::with_virtual_clock().block_on(async {
            let (mut log, drops) = (Vec::new(), Drops::new());
            let note = |name, outcome: Result<u32, JoinError>| {
                format!("{name} {:?} at {}", said(Poll::Ready(outcome)), executor::now().as_secs())
            };
            let early = spawn(async {
                executor::sleep(SECOND).await;
                1
            });
            let token = drops.token();
            let late = spawn(async move {
                executor::sleep(3600 * SECOND).await;
                drop(token);
                2
            });
            let broken = spawn(async {
                executor::sleep(2 * SECOND).await;
                breaks()
            });
            log.push(note("early", early.await));
            log.push(note("broken", broken.await));
            late.abort();
            log.push(note("late", late.await));
            (log, drops)
        });
        let expected = [
            "early Output(1) at 1",
            "broken Panicked(\"out of shells\") at 2",
            "late Aborted at 2",
        ];
        proctor::expect_eq!(log, expected, "what three handles say, and when");
        proctor::expect_eq!(drops.alive(), 0, "what the aborted task owned");
    });
}
