//! Each poll is somebody who wants to be woken.
//!
//! caught by: a_task_that_polls_often_is_woken_once

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

struct State {
    left: u32,
    waker: Vec<Waker>,
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
    let state = Rc::new(RefCell::new(State { left: from, waker: Vec::new() }));
    (Countdown { state: Rc::clone(&state) }, Ticker { state })
}

impl Ticker {
    /// Counts down by one. The tick that reaches zero wakes whoever waits; those after it do nothing.
    pub fn tick(&self) {
        let mut state = self.state.borrow_mut();
        state.left = state.left.saturating_sub(1);
        let waker = if state.left == 0 { std::mem::take(&mut state.waker) } else { Vec::new() };
        drop(state);
        for waker in waker {
            waker.wake();
        }
    }
}

impl Future for Countdown {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.borrow_mut();
        if state.left == 0 {
            return Poll::Ready(());
        }
        state.waker.push(context.waker().clone());
        Poll::Pending
    }
}
