#![doc = include_str!("../README.md")]

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What a countdown and its tickers share.
struct State {
    // Yours to fill.
}

/// Is done when its ticker has ticked often enough.
pub struct Countdown {
    state: Rc<RefCell<State>>,
}

/// Counts a countdown down. Clones tick the same one.
#[derive(Clone)]
pub struct Ticker {
    state: Rc<RefCell<State>>,
}

/// A countdown that is done after `from` ticks, and its ticker.
pub fn countdown(from: u32) -> (Countdown, Ticker) {
    todo!("make the state that both share")
}

impl Ticker {
    /// Counts down by one. The tick that reaches zero wakes whoever waits; those after it do nothing.
    pub fn tick(&self) {
        todo!("count, and at zero wake")
    }
}

impl Future for Countdown {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        todo!("say whether it is done; if it is not, see to it that somebody can tell you when")
    }
}
