//! Finds blocking calls in async code, without looking at a wall clock.
//!
//! A task that blocks its executor's thread keeps every other task from its turn.
//! So a second task, the **sibling**, runs beside the code under test, and must have had its turn:
//!
//! - while a future ran that has something to wait for: [`no_blocking`];
//! - between two pieces of heavy work: [`Sibling::work`];
//! - during a call that blocks, which the test hands to the code under test: [`Sibling::block`].
//!
//! All three are for an executor with one thread, like that of [`watch_async`](crate::watch_async).
//! They see the work that the test hands in. A `std::thread::sleep` within the code under test shows in virtual time:
//! under a paused clock it takes none, so assert with `tokio::time::Instant` how long the code takes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};

/// Tells whether the sibling task had its turn; [`sibling`] makes both.
///
/// Clones are handles of one sibling. The task ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Sibling {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    turn: Condvar,
}

#[derive(Debug)]
struct State {
    waker: Option<Waker>,
    /// Someone wants to know whether the sibling has its turn.
    asked: bool,
    turns: usize,
    /// How many turns there were when the last piece of work began on the executor's thread.
    turns_at_work: Option<usize>,
    /// The thread that polls the sibling.
    executor: ThreadId,
    closed: bool,
}

/// A sibling, and its task, which is to be spawned on the executor that must not be blocked.
///
/// Call it on the executor's thread.
///
/// ```
/// proctor::watch_async(async {
///     let (sibling, task) = proctor::blocking::sibling();
///     tokio::spawn(task);
///     // The code under test; `block` stands for the blocking call that it was given.
///     tokio::task::spawn_blocking(move || sibling.block()).await.unwrap();
/// });
/// ```
pub fn sibling() -> (Sibling, impl Future<Output = ()> + Send + 'static) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            waker: None,
            asked: false,
            turns: 0,
            turns_at_work: None,
            executor: thread::current().id(),
            closed: false,
        }),
        turn: Condvar::new(),
    });
    let sibling = Sibling { handle: Arc::new(Handle(Arc::clone(&shared))) };
    let task = poll_fn(move |context| {
        let mut state = shared.state();
        if state.closed {
            return Poll::Ready(());
        }
        state.executor = thread::current().id();
        state.waker = Some(context.waker().clone());
        if state.asked {
            state.asked = false;
            state.turns += 1;
            shared.turn.notify_all();
        }
        Poll::Pending
    });
    (sibling, task)
}

/// Runs a future beside a sibling task, and fails if the sibling got no turn before the future was done.
///
/// That is for a future which must wait for something: one that waits lets the other tasks go on meanwhile,
/// and one that blocks, or does all of its work in one go, does not.
/// It must run on Tokio, in a runtime of one thread.
///
/// # Panics
///
/// When the sibling got no turn; and outside of a Tokio runtime.
pub async fn no_blocking<F: Future>(future: F) -> F::Output {
    let (sibling, task) = sibling();
    tokio::spawn(task);
    let mut future = pin!(future);
    let mut began = false;
    let value = poll_fn(|context| {
        if !began {
            began = true;
            sibling.ask();
        }
        future.as_mut().poll(context)
    })
    .await;
    assert!(
        sibling.turns() > 0,
        "the future was done in one go, and no other task had a turn meanwhile: it blocks the executor's thread.\n\
         Look for a blocking call (`std::thread::sleep`, blocking I/O, a `std::sync` lock or channel that waits) \
         where there is an async one, or for heavy work that belongs into `spawn_blocking`."
    );
    value
}

impl Sibling {
    /// How many turns the sibling had that someone asked for.
    pub fn turns(&self) -> usize {
        self.handle.0.state().turns
    }

    /// A piece of work as long as one task may go on without a pause.
    ///
    /// # Panics
    ///
    /// On the executor's thread, when the sibling had no turn since the last piece.
    /// On other threads work does no harm.
    pub fn work(&self) {
        let mut state = self.handle.0.state();
        if state.executor != thread::current().id() {
            return;
        }
        let turns = state.turns;
        let before = state.turns_at_work.replace(turns);
        drop(state);
        assert!(
            before != Some(turns),
            "two pieces of heavy work in a row on the executor's thread, and no other task had a turn between them.\n\
             Give the others a turn after each piece (`tokio::task::yield_now().await`), or do the work elsewhere (`spawn_blocking`)."
        );
        self.ask();
    }

    /// A blocking call: it returns when the sibling has had a turn meanwhile.
    ///
    /// # Panics
    ///
    /// On the executor's thread, where it would never return.
    pub fn block(&self) {
        let shared = &self.handle.0;
        assert!(
            shared.state().executor != thread::current().id(),
            "a blocking call on the executor's thread: while it waits, no other task has a turn.\n\
             Make it on a thread where waiting does no harm: `tokio::task::spawn_blocking`."
        );
        let before = self.turns();
        self.ask();
        let state = shared.state();
        drop(
            shared
                .turn
                .wait_while(state, |state| state.turns == before)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    fn ask(&self) {
        let mut state = self.handle.0.state();
        state.asked = true;
        let waker = state.waker.clone();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
