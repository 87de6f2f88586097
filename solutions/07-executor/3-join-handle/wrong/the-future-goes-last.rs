//! Whoever waits wants the output, and the rest can be cleared up afterwards.
//!
//! caught by: the_future_is_gone_when_the_handle_is_woken

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
    result: Option<Result<T, JoinError>>,
    /// Of the handle's latest poll.
    waiter: Option<Waker>,
    /// Of the task's latest poll.
    task: Option<Waker>,
    aborted: bool,
}

/// The executor's half: ready when the future has ended, one way or another.
pub struct Task<F: Future> {
    /// `None` once it has ended.
    future: Option<Pin<Box<F>>>,
    shared: Rc<RefCell<Shared<F::Output>>>,
}

/// The half of whoever wants the output.
pub struct JoinHandle<T> {
    shared: Rc<RefCell<Shared<T>>>,
}

/// Makes a task of the future, and its handle.
pub fn task<F: Future>(future: F) -> (Task<F>, JoinHandle<F::Output>) {
    let shared = Shared { result: None, waiter: None, task: None, aborted: false };
    let shared = Rc::new(RefCell::new(shared));
    let task = Task { future: Some(Box::pin(future)), shared: Rc::clone(&shared) };
    (task, JoinHandle { shared })
}

impl<F: Future> Task<F> {
    fn end(&mut self, result: Result<F::Output, JoinError>) {
        let mut shared = self.shared.borrow_mut();
        shared.result = Some(result);
        let (waiter, task) = (shared.waiter.take(), shared.task.take());
        drop(shared);
        drop(task);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
        self.future = None;
    }
}

impl<F: Future> Drop for Task<F> {
    fn drop(&mut self) {
        if self.future.is_some() {
            self.end(Err(JoinError::Aborted));
        }
    }
}

impl<F: Future> Future for Task<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(future) = &mut this.future else { return Poll::Ready(()) };
        let before = this.shared.borrow_mut().task.replace(context.waker().clone());
        drop(before);
        let result = if this.shared.borrow().aborted {
            Err(JoinError::Aborted)
        } else {
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(output)) => Ok(output),
                Err(payload) => Err(JoinError::Panicked(payload)),
            }
        };
        this.end(result);
        Poll::Ready(())
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut shared = self.shared.borrow_mut();
        if let Some(result) = shared.result.take() {
            return Poll::Ready(result);
        }
        let before = shared.waiter.replace(context.waker().clone());
        drop(shared);
        drop(before);
        Poll::Pending
    }
}

impl<T> JoinHandle<T> {
    /// Has the future dropped at the task's next turn, instead of polled.
    ///
    /// Nothing happens if the task has ended.
    pub fn abort(&self) {
        let mut shared = self.shared.borrow_mut();
        shared.aborted = true;
        let task = shared.task.take();
        drop(shared);
        if let Some(task) = task {
            task.wake();
        }
    }
}
