//! How a thread waits until somebody has something for it.
//!
//! [`Park`] is what [`Ebb`](crate::Ebb) asks of whatever it waits on: [`ThreadPark`], or a poller of sockets.
//! It leaves out what there is to do after the wait.

use std::any::Any;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

// ANCHOR: park
/// What an executor waits on when none of its tasks can go on.
pub trait Park {
    /// Waits until [`interrupt`](Self::interrupt)'s waker is woken,
    /// or something else has happened, or `timeout` is over.
    ///
    /// It may return early. `Some(Duration::ZERO)` looks and does not wait; `None` has no limit.
    /// Wakers may be woken in here, on the executor's thread:
    /// their tasks are run after this returns.
    fn park(&mut self, timeout: Option<Duration>);

    /// A waker that ends the present call of [`park`](Self::park), or the next if there is none:
    /// a wake is kept until a call has returned for it. It may be woken from any thread.
    fn interrupt(&self) -> Waker;

    /// What futures that this park wakes find by [`park_handle`](crate::park_handle):
    /// a reactor's register of sockets.
    fn handle(&self) -> Option<Rc<dyn Any>> {
        None
    }
}
// ANCHOR_END: park

/// Waits by parking the thread that made it.
#[derive(Debug)]
pub struct ThreadPark(Arc<Signal>);

/// A thread, and whether it was told to go on.
///
/// The thread's own park token would not do: whatever runs on the thread may park it too, and take the token.
#[derive(Debug)]
struct Signal {
    told: AtomicBool,
    thread: Thread,
}

// ANCHOR: signal
impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Told before: the thread has an unpark coming already, or has not asked yet.
        if !self.told.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}
// ANCHOR_END: signal

impl ThreadPark {
    /// For the present thread, which must be the one that parks.
    pub fn new() -> Self {
        Self(Arc::new(Signal { told: AtomicBool::new(false), thread: thread::current() }))
    }
}

impl Default for ThreadPark {
    fn default() -> Self {
        Self::new()
    }
}

impl Park for ThreadPark {
    fn park(&mut self, timeout: Option<Duration>) {
        // A limit beyond what the clock can count is none.
        let wait = timeout.filter(|timeout| !timeout.is_zero());
        let end = wait.and_then(|timeout| Instant::now().checked_add(timeout));
        while !self.0.told.swap(false, Ordering::AcqRel) {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            match left.or(timeout.filter(Duration::is_zero)) {
                Some(Duration::ZERO) => return,
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
    }

    fn interrupt(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }
}

// ANCHOR: block_on
/// Runs one future to its end on this thread, which sleeps while the future waits.
///
/// The future is polled once, and once more for any number of wakes since the last poll began.
/// There is no executor here: [`spawn`](crate::spawn) and [`sleep`](crate::sleep)
/// need an [`Ebb`](crate::Ebb). Inside an `Ebb`'s task it blocks all of that `Ebb`:
/// a sleep or a task that it waits for never ends, and a budget that is spent stays so.
///
/// # Panics
///
/// If the future does.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut park = ThreadPark::new();
    let waker = park.interrupt();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        park.park(None);
    }
}
// ANCHOR_END: block_on
