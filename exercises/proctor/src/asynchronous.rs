//! The watchdog for async code: a paused clock turns most hangs into failures at once, and real time catches the rest.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep_until};

use crate::watchdog::{self, Look, Value, test_name, unboxed};

/// How much virtual time a test may take: 64⁵ milliseconds, a little more than twelve days.
///
/// Tokio keeps its timers in wheels of 64 slots. A timer at a round figure falls from none into the next,
/// so that the clock of a deadlocked runtime goes there in one jump, and the last time before it is when the deadlock began.
const VIRTUAL_BOUND: Duration = Duration::from_millis(64_u64.pow(5));

/// How long the runtime may take to answer, once the test is known to hang.
const PATIENCE: Duration = Duration::from_millis(500);

/// Runs a test's async body on a Tokio runtime of one thread with a paused clock, and fails the test if the body hangs.
///
/// Time is virtual: while a task can run, the clock stands still; when none can, it jumps to the next timer.
/// A test that sleeps for an hour takes no time. A deadlock, where every task waits and no timer is left,
/// jumps to the end of the bound (twelve days) and fails at once.
/// What virtual time cannot see (a loop that never awaits, a blocking call) is caught in real time after five seconds,
/// or what `PROCTOR_SECONDS` says.
///
/// The body's value is returned, and its panics pass through as they are.
/// Tasks that the body has spawned and left behind are dropped with the runtime.
///
/// Threads and sockets do not know the virtual clock: a body that waits for one of them looks like a deadlock
/// (`spawn_blocking` is safe: the clock stands still meanwhile). Test such code with [`watch`](crate::watch).
///
/// # Panics
///
/// When the body panics; and when it hangs, with a message for each kind of hang.
#[track_caller]
pub fn watch_async<F>(body: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    unboxed(run(std::any::type_name::<F>(), Box::new(move || boxed(body))))
}

/// As [`watch_async`], for a body that is not `Send`: it is made on the thread where it runs.
///
/// ```
/// # use std::rc::Rc;
/// let shared = proctor::watch_local(async || {
///     let shared = Rc::new(1);
///     tokio::task::yield_now().await;
///     *shared
/// });
/// assert_eq!(shared, 1);
/// ```
///
/// # Panics
///
/// As [`watch_async`].
#[track_caller]
pub fn watch_local<M, F>(make: M) -> F::Output
where
    M: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    unboxed(run(std::any::type_name::<M>(), Box::new(move || boxed(make()))))
}

/// An async body whose value is boxed.
type Boxed = Pin<Box<dyn Future<Output = Value>>>;

fn boxed<F>(body: F) -> Boxed
where
    F: Future + 'static,
    F::Output: Send + 'static,
{
    Box::pin(async move { Box::new(body.await) as Value })
}

#[track_caller]
fn run(body_type: &str, make: Box<dyn FnOnce() -> Boxed + Send>) -> Value {
    let name = &*test_name(body_type);
    let pulse = Arc::new(Pulse::default());
    let outcome = watchdog::run(name, {
        let pulse = Arc::clone(&pulse);
        Box::new(move || Box::new(within_virtual_bound(make, &pulse)))
    });
    match outcome.map(unboxed::<Result<Value, Stuck>>) {
        Ok(Ok(value)) => value,
        Ok(Err(stuck)) => panic!("{}", stuck.message(name)),
        Err(look) => panic!("{}", pulse.diagnose().message(&look, name)),
    }
}

/// Why the body will never be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// At this virtual time every task waited, and no timer was left.
    Deadlock(Duration),
    /// As a deadlock; but the body, polled once more, was done: nobody had woken it.
    NeverWoken(Duration),
    /// Timers fire for ever, and the body is never done.
    Ticks,
}

impl Stuck {
    pub(crate) fn message(self, name: &str) -> String {
        match self {
            Self::Deadlock(at) => format!(
                "{name} hangs: {} every task waits, and no timer is left that could wake one. It would wait for ever.\n\
                 Look for two tasks that wait for each other, a channel whose other end is neither used nor dropped, \
                 a lock held across an `.await`, a future that returns `Pending` and has given its waker to nobody.",
                virtual_time(at)
            ),
            Self::NeverWoken(at) => format!(
                "{name} hangs: {} every task waits, though the one that the test awaits could go on. Nobody wakes it.\n\
                 Look for a future that returns `Pending` without storing the waker, that keeps an old waker, \
                 or that changes its state and does not call `wake`.",
                virtual_time(at)
            ),
            Self::Ticks => format!(
                "{name} hangs: twelve days of virtual time go by, timers fire again and again, and it is not done.\n\
                 Look for a loop around a `sleep` or an interval that waits for something that never happens."
            ),
        }
    }
}

/// `1.5 s into virtual time`, or `at once`.
pub(crate) fn virtual_time(at: Duration) -> String {
    if at.is_zero() {
        String::from("before any virtual time has passed,")
    } else {
        format!("after {} s of virtual time", at.as_secs_f64())
    }
}

/// What the runtime did when real time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Diagnosis {
    /// A poll has begun and has not come back.
    InOnePoll,
    /// Tasks are polled, again and again; the runtime never finds them all waiting.
    Polls,
    /// Virtual time goes on: timers fire again and again.
    Ticks,
}

impl Diagnosis {
    fn message(self, look: &Look, name: &str) -> String {
        let heading = look.heading(name);
        match (self, look.busy) {
            (Self::InOnePoll, Some(false)) => format!(
                "{heading} a poll has not come back: it blocks the thread, and with it every other task.\n\
                 Look for a blocking call in async code: `std::thread::sleep`, a `std::sync` lock or channel that waits, \
                 blocking I/O, a `block_on`."
            ),
            (Self::InOnePoll, Some(true)) => format!(
                "{heading} a poll has not come back: it spins, and no other task gets its turn.\n\
                 Look for a loop with no exit and no `.await` that waits."
            ),
            (Self::InOnePoll, None) => format!(
                "{heading} a poll has not come back: no other task gets its turn.\n\
                 Look for a blocking call in async code, or for a loop with no exit and no `.await` that waits."
            ),
            (Self::Polls, Some(false)) => format!(
                "{heading} the runtime waits for something outside of it, and that does not come.\n\
                 Look for a `spawn_blocking` whose closure never returns."
            ),
            (Self::Polls, _) => format!(
                "{heading} the executor spins: tasks are polled again and again, and none gets anywhere.\n\
                 Look for a future that wakes itself each time it returns `Pending`, \
                 a loop around `yield_now`, or a loop around something that is always ready."
            ),
            (Self::Ticks, _) => format!(
                "{heading} timers fire again and again, and it is not done.\n\
                 Look for a loop around a `sleep` or an interval that waits for something that never happens."
            ),
        }
    }
}

/// Asks the runtime, from the watchdog's thread, whether it is still polling.
#[derive(Default)]
struct Pulse {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Default)]
struct State {
    /// Wakes the test's main task.
    waker: Option<Waker>,
    asked: bool,
    answer: bool,
    /// When the runtime last found every task waiting, in virtual time since the start.
    last_park: Duration,
}

impl Pulse {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The main task is polled.
    fn beat(&self, waker: &Waker) {
        let mut state = self.state();
        match &mut state.waker {
            Some(stored) => stored.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        if state.asked {
            state.answer = true;
            self.answered.notify_all();
        }
    }

    /// Every task waits.
    fn park(&self, since_start: Duration) {
        let mut state = self.state();
        state.last_park = since_start;
        if state.asked {
            self.answered.notify_all();
        }
    }

    /// Waits until the runtime has given the answer that ends `pending`, or has had its time for it.
    fn wait_while(&self, pending: impl Fn(&State) -> bool) -> bool {
        let (state, _) = self
            .answered
            .wait_timeout_while(self.state(), PATIENCE, |state| pending(state))
            .unwrap_or_else(PoisonError::into_inner);
        !pending(&state)
    }

    /// What the runtime is doing now that real time is up.
    fn diagnose(&self) -> Diagnosis {
        let mut state = self.state();
        state.asked = true;
        let before = state.last_park;
        let Some(waker) = state.waker.clone() else {
            return Diagnosis::InOnePoll;
        };
        drop(state);
        waker.wake();
        if !self.wait_while(|state| !state.answer) {
            Diagnosis::InOnePoll
        } else if self.wait_while(|state| state.last_park == before) {
            Diagnosis::Ticks
        } else {
            Diagnosis::Polls
        }
    }
}

/// Leaves blocking tasks behind that a hung test may have started, where a plain drop would wait for them.
struct Shutdown(Option<Runtime>);

impl Drop for Shutdown {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn within_virtual_bound(
    make: Box<dyn FnOnce() -> Boxed + Send>,
    pulse: &Arc<Pulse>,
) -> Result<Value, Stuck> {
    let start = Arc::new(std::sync::OnceLock::<Instant>::new());
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .on_thread_park({
            let pulse = Arc::clone(pulse);
            let start = Arc::clone(&start);
            move || {
                if let Some(start) = start.get() {
                    pulse.park(start.elapsed());
                }
            }
        })
        .build()
        .expect("a test process can start a runtime");
    let runtime = Shutdown(Some(runtime));
    let body = async {
        let start = *start.get_or_init(Instant::now);
        let mut body = make();
        let mut end = pin!(sleep_until(start + VIRTUAL_BOUND));
        poll_fn(|context| {
            pulse.beat(context.waker());
            if end.as_mut().poll(context).is_pending() {
                return body.as_mut().poll(context).map(Ok);
            }
            let last_park = pulse.state().last_park;
            Poll::Ready(Err(if last_park > VIRTUAL_BOUND / 2 {
                Stuck::Ticks
            } else if body.as_mut().poll(context).is_ready() {
                Stuck::NeverWoken(last_park)
            } else {
                Stuck::Deadlock(last_park)
            }))
        })
        .await
    };
    match &runtime.0 {
        Some(runtime) => runtime.block_on(body),
        None => unreachable!("it is taken on drop only"),
    }
}
