#![doc = include_str!("../README.md")]

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Why a task has no output.
#[derive(Debug)]
pub enum JoinError {
    /// It was aborted, or dropped, before it was done.
    Aborted,
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
}

/// What a task and its handle share.
struct Shared<T> {
    // Yours to complete.
    result: Option<Result<T, JoinError>>,
}

/// The executor's half: ready when the future has ended, one way or another.
pub struct Task<F: Future> {
    // Yours to change.
    future: Option<Pin<Box<F>>>,
    shared: Rc<RefCell<Shared<F::Output>>>,
}

/// The half of whoever wants the output.
pub struct JoinHandle<T> {
    // Yours to change.
    shared: Rc<RefCell<Shared<T>>>,
}

/// Makes a task of the future, and its handle.
pub fn task<F: Future>(future: F) -> (Task<F>, JoinHandle<F::Output>) {
    todo!("make what both share")
}

impl<F: Future> Future for Task<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        todo!("poll the future, and if it has ended, leave the result")
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        todo!("take the result, or wait for it")
    }
}

impl<T> JoinHandle<T> {
    /// Has the future dropped at the task's next turn, instead of polled.
    ///
    /// Nothing happens if the task has ended.
    pub fn abort(&self) {
        todo!("leave a note for the task, and see to it that it has a turn")
    }
}
