//! Something to wait for: a clock, and a future that is done at a certain time of it.
//!
//! There are two kinds. [`Clock::real`] tells the time, and keeps a helper thread that wakes sleepers when they are due.
//! [`Clock::by_hand`] stands still until somebody moves it, so that what takes minutes in the world takes none in a test,
//! and a run is the same each time. A future cannot tell which kind it sleeps on.
//!
//! Times are [`Duration`]s since the clock was made.
//!
//! Left out: timers without a thread of their own. A runtime waits for the next deadline where it waits for everything else.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// A clock. Clones show the same time.
#[derive(Clone)]
pub struct Clock {
    owner: Arc<Owner>,
}

/// Ends the helper thread when the last clock and the last sleeper are gone.
struct Owner {
    shared: Arc<Shared>,
}

struct Shared {
    /// When a real clock was made; a clock by hand has no such moment.
    started: Option<Instant>,
    state: Mutex<State>,
    /// The helper thread waits here.
    changed: Condvar,
}

// ANCHOR: state
#[derive(Default)]
struct State {
    /// What a clock by hand shows.
    by_hand: Duration,
    /// Who is to be woken when. The number keeps two sleepers with one deadline apart.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    // ANCHOR_END: state
    /// How many sleepers there have been.
    made: u64,
    closed: bool,
    // ANCHOR: state
}
// ANCHOR_END: state

impl Clock {
    /// A clock that tells the time. A thread of its own wakes the sleepers.
    ///
    /// # Panics
    ///
    /// When the operating system gives no thread.
    pub fn real() -> Self {
        let shared = Arc::new(Shared {
            started: Some(Instant::now()),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let helper = Arc::clone(&shared);
        thread::spawn(move || helper.wake_sleepers());
        Self { owner: Arc::new(Owner { shared }) }
    }

    /// A clock that stands at zero until it is moved by [`advance`](Self::advance).
    pub fn by_hand() -> Self {
        let shared =
            Arc::new(Shared { started: None, state: Mutex::default(), changed: Condvar::new() });
        Self { owner: Arc::new(Owner { shared }) }
    }

    /// The time since the clock was made.
    pub fn now(&self) -> Duration {
        let shared = self.shared();
        shared.now(&shared.lock())
    }

    /// A future that is done when so much time has passed, counted from this call and not from the first poll.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now().saturating_add(duration))
    }

    /// A future that is done when the clock shows `deadline`.
    pub fn sleep_until(&self, deadline: Duration) -> Sleep {
        let mut state = self.shared().lock();
        let number = state.made;
        state.made += 1;
        drop(state);
        Sleep { clock: self.clone(), deadline, number }
    }

    /// How many sleepers wait to be woken.
    pub fn sleepers(&self) -> usize {
        self.shared().lock().sleepers.len()
    }

    /// Moves a clock by hand on, then wakes everybody whose time has come, the earliest first.
    ///
    /// # Panics
    ///
    /// When the clock is a real one.
    pub fn advance(&self, by: Duration) {
        let shared = self.shared();
        assert!(shared.started.is_none(), "only a clock by hand can be moved; this one is real");
        let mut state = shared.lock();
        state.by_hand = state.by_hand.saturating_add(by);
        drop(state);
        shared.wake_due();
    }

    /// Moves a clock by hand to the next deadline that somebody sleeps for. False if nobody sleeps.
    ///
    /// # Panics
    ///
    /// When the clock is a real one.
    pub fn advance_to_next(&self) -> bool {
        let state = self.shared().lock();
        let Some((next, _)) = state.sleepers.keys().next().copied() else { return false };
        let by = next.saturating_sub(state.by_hand);
        drop(state);
        self.advance(by);
        true
    }

    // ANCHOR: run
    /// Runs `future` in no time: whenever [`block_on`](crate::block_on) would sleep, the clock moves to the next deadline.
    ///
    /// # Panics
    ///
    /// When `future` does, and when it waits though nobody has woken it and nobody sleeps on this clock:
    /// a thread would wait for ever.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        struct Woken(Mutex<bool>);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            }
        }
        let mut future = std::pin::pin!(future);
        let woken = Arc::new(Woken(Mutex::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        let take = || std::mem::take(&mut *woken.0.lock().unwrap_or_else(PoisonError::into_inner));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            while !take() {
                assert!(
                    self.advance_to_next(),
                    "the future waits, nobody has woken it, and no timer is left that could"
                );
            }
        }
    }
    // ANCHOR_END: run

    fn shared(&self) -> &Shared {
        &self.owner.shared
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of others runs under this lock, so a panic cannot leave the state half-written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self, state: &State) -> Duration {
        self.started.map_or(state.by_hand, |started| started.elapsed())
    }

    // ANCHOR: wake-due
    /// Wakes the sleepers whose time has come. A waker is somebody else's code, so it is called without the lock.
    fn wake_due(&self) {
        loop {
            let mut state = self.lock();
            let now = self.now(&state);
            let Some(sleeper) = state.sleepers.first_entry() else { return };
            if sleeper.key().0 > now {
                return;
            }
            let waker = sleeper.remove();
            drop(state);
            waker.wake();
        }
    }
    // ANCHOR_END: wake-due

    /// What the helper thread of a real clock does: sleeps until the next deadline, or until there is an earlier one.
    fn wake_sleepers(&self) {
        loop {
            let state = self.lock();
            if state.closed {
                return;
            }
            let now = self.now(&state);
            match state.sleepers.keys().next() {
                None => drop(self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)),
                Some((next, _)) if *next > now => {
                    let pause = next.saturating_sub(now);
                    let woken = self.changed.wait_timeout(state, pause);
                    drop(woken.unwrap_or_else(PoisonError::into_inner));
                }
                Some(_) => {
                    drop(state);
                    self.wake_due();
                }
            }
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).finish_non_exhaustive()
    }
}

// ANCHOR: sleep
/// Is done when its clock shows the deadline, or a later time.
///
/// It wakes whoever polled it last. Dropped, it wakes nobody.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct Sleep {
    clock: Clock,
    deadline: Duration,
    number: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let shared = self.clock.shared();
        let mut state = shared.lock();
        if shared.now(&state) >= self.deadline {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        let earlier = state.sleepers.insert((self.deadline, self.number), waker);
        drop(state);
        // The helper thread looks again: this deadline may come before the one that it waits for.
        shared.changed.notify_one();
        drop(earlier);
        Poll::Pending
    }
}
// ANCHOR_END: sleep

impl Sleep {
    /// The time at which it is done.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }
}

// ANCHOR: sleep-drop
impl Drop for Sleep {
    fn drop(&mut self) {
        let waker = self.clock.shared().lock().sleepers.remove(&(self.deadline, self.number));
        // A waker may own what owns this clock, so it is dropped after the lock is released.
        drop(waker);
    }
}
// ANCHOR_END: sleep-drop
