//! A timer that nobody waits for does no harm.
//!
//! caught by: a_dropped_sleep_takes_its_timer_back

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::Park;

/// A deadline, and a number that keeps equal deadlines apart and in order.
type Key = (Duration, u64);

/// What the handles of a clock share, and its sleeps.
#[derive(Default)]
struct State {
    /// Time since the clock was made.
    now: Duration,
    timers: BTreeMap<Key, Waker>,
    /// How many timers were set so far.
    set: u64,
}

/// A clock that moves when nobody can go on.
#[derive(Clone, Default)]
pub struct Clock {
    state: Rc<RefCell<State>>,
}

impl Clock {
    /// A clock at its start.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time since the clock's start.
    pub fn now(&self) -> Duration {
        self.state.borrow().now
    }

    /// Waits for `duration`, counted from the first poll.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep { state: Rc::clone(&self.state), duration, timer: None }
    }
}

impl Park for Clock {
    fn park(&mut self, timeout: Option<Duration>) {
        if timeout.is_some() {
            return;
        }
        let mut state = self.state.borrow_mut();
        let Some((&(deadline, _), _)) = state.timers.first_key_value() else {
            panic!("deadlock at {:?}: every task waits, and none of them for a time", state.now);
        };
        state.now = deadline;
        let later = state.timers.split_off(&(deadline, u64::MAX));
        let due = std::mem::replace(&mut state.timers, later);
        drop(state);
        due.into_values().for_each(Waker::wake);
    }

    fn interrupt(&self) -> Waker {
        Waker::noop().clone()
    }
}

/// The future of [`Clock::sleep`].
pub struct Sleep {
    state: Rc<RefCell<State>>,
    duration: Duration,
    /// Since the first poll.
    timer: Option<Key>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut state = this.state.borrow_mut();
        let now = state.now;
        let key = *this.timer.get_or_insert_with(|| {
            state.set += 1;
            (now.saturating_add(this.duration), state.set)
        });
        if key.0 <= now {
            return Poll::Ready(());
        }
        let before = state.timers.insert(key, context.waker().clone());
        drop(state);
        drop(before);
        Poll::Pending
    }
}
