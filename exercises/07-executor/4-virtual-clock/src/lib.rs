#![doc = include_str!("../README.md")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::Park;

/// What the handles of a clock share, and its sleeps.
#[derive(Default)]
struct State {
    /// Time since the clock was made.
    now: Duration,
    // Yours to complete.
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
        todo!("keep what the first poll will need")
    }
}

impl Park for Clock {
    fn park(&mut self, timeout: Option<Duration>) {
        todo!("if nobody can go on: move the clock, and wake whoever is due")
    }

    fn interrupt(&self) -> Waker {
        Waker::noop().clone()
    }
}

/// The future of [`Clock::sleep`].
pub struct Sleep {
    // Yours to complete.
    state: Rc<RefCell<State>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        todo!("look at the clock, or leave the waker with it")
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        todo!("take the timer back, if there is one")
    }
}
