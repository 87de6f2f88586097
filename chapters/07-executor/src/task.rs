//! A task: a future, its state, and who waits for its output.
//!
//! It leaves out the order in which tasks run.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::ebb::queue;
use crate::event::TaskId;
use crate::inbox::Inbox;
use crate::state::State;

// ANCHOR: header
/// What a waker points to: the part of a task that any thread may touch.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) state: State,
    /// Where the executor keeps the rest of the task.
    pub(crate) key: usize,
    pub(crate) id: TaskId,
    home: Arc<Inbox>,
}

impl Wake for Header {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.wake() {
            queue(&self.home, self.key);
        }
    }
}
// ANCHOR_END: header

impl Header {
    pub(crate) fn new(key: usize, id: TaskId, home: &Arc<Inbox>) -> Arc<Self> {
        Arc::new(Self { state: State::new(), key, id, home: Arc::clone(home) })
    }

    fn abort(&self) {
        if self.state.abort() {
            queue(&self.home, self.key);
        }
    }
}

/// Why a task has no output.
#[derive(Debug)]
pub enum JoinError {
    /// It was aborted, or its executor was dropped, before it was done.
    Aborted,
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
}

impl JoinError {
    /// Whether the task was aborted.
    pub fn is_aborted(&self) -> bool {
        matches!(self, Self::Aborted)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Panicked(payload) = self else {
            return f.write_str("the task was aborted before it was done");
        };
        let said = payload.downcast_ref::<&str>().copied();
        match said.or_else(|| payload.downcast_ref::<String>().map(String::as_str)) {
            Some(said) => write!(f, "the task panicked: {said}"),
            None => f.write_str("the task panicked with a payload that is no text"),
        }
    }
}

impl std::error::Error for JoinError {}

/// A task as its executor sees it.
pub(crate) trait Run {
    fn header(&self) -> &Arc<Header>;
    /// Polls the future, or ends the task without polling it. When it is ready, the future is dropped, and the handle has been told.
    fn run(&self, aborted: bool) -> Poll<()>;
}

/// A task as its handle sees it.
trait Joined<T>: Run {
    fn join(&self) -> &RefCell<Join<T>>;
}

// ANCHOR: task
/// What passes between a task and its handle.
struct Join<T> {
    result: Option<Result<T, JoinError>>,
    waiter: Option<Waker>,
    detached: bool,
}

/// A task as a whole, on its executor's thread.
pub(crate) struct Task<F: Future> {
    header: Arc<Header>,
    /// Of the header: made once, lent to each poll.
    waker: Waker,
    /// Borrowed by the executor alone, which never polls a task from within its own poll.
    future: RefCell<Option<Pin<Box<F>>>>,
    join: RefCell<Join<F::Output>>,
}
// ANCHOR_END: task

impl<F: Future> Task<F> {
    pub(crate) fn new(future: F, header: Arc<Header>) -> Self {
        let waker = Waker::from(Arc::clone(&header));
        let join = Join { result: None, waiter: None, detached: false };
        let future = RefCell::new(Some(Box::pin(future)));
        Self { header, waker, future, join: RefCell::new(join) }
    }

    // ANCHOR: end
    fn end(&self, result: Result<F::Output, JoinError>) {
        // Dropping runs the reader's code, which may panic and may use the handle:
        // nothing of ours is borrowed.
        let future = self.future.take();
        let result = match panic::catch_unwind(AssertUnwindSafe(|| drop(future))) {
            Ok(()) => result,
            Err(payload) => {
                unheard(|| drop(result));
                Err(JoinError::Panicked(payload))
            }
        };
        // Before anybody can look: a handle that is ready says that its task is finished.
        self.header.state.finish();
        let mut join = self.join.borrow_mut();
        if join.detached {
            drop(join);
            unheard(|| drop(result));
            return;
        }
        join.result = Some(result);
        let waiter = join.waiter.take();
        drop(join);
        if let Some(waiter) = waiter {
            unheard(|| waiter.wake());
        }
    }
    // ANCHOR_END: end
}

/// Runs code that is not ours, when the task has ended and nobody is left to be told of a panic in it.
fn unheard(run: impl FnOnce()) {
    let _ = panic::catch_unwind(AssertUnwindSafe(run));
}

impl<F: Future> Run for Task<F> {
    fn header(&self) -> &Arc<Header> {
        &self.header
    }

    // ANCHOR: run
    fn run(&self, aborted: bool) -> Poll<()> {
        let poll = || match self.future.borrow_mut().as_mut() {
            Some(future) if !aborted => {
                future.as_mut().poll(&mut Context::from_waker(&self.waker)).map(Ok)
            }
            _ => Poll::Ready(Err(JoinError::Aborted)),
        };
        let result = match panic::catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => result,
            Err(payload) => Err(JoinError::Panicked(payload)),
        };
        self.end(result);
        Poll::Ready(())
    }
    // ANCHOR_END: run
}

impl<F: Future> Joined<F::Output> for Task<F> {
    fn join(&self) -> &RefCell<Join<F::Output>> {
        &self.join
    }
}

// ANCHOR: handle
/// The output of a task, some time later.
///
/// Awaiting it gives the task's output, or why there is none.
/// Dropping it **detaches** the task, which runs on.
///
/// Cancellation safe: a poll takes nothing out before it returns `Ready`.
///
/// # Panics
///
/// When it is polled again after it was `Ready`.
#[must_use = "a dropped handle detaches its task; bind it to `_` to say so"]
pub struct JoinHandle<T>(Rc<dyn Joined<T>>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut join = self.0.join().borrow_mut();
        if let Some(result) = join.result.take() {
            return Poll::Ready(result);
        }
        assert!(!self.is_finished(), "a JoinHandle was polled after it was ready");
        match &mut join.waiter {
            Some(waiter) => waiter.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}
// ANCHOR_END: handle

impl<T> JoinHandle<T> {
    pub(crate) fn new<F: Future<Output = T> + 'static>(task: Rc<Task<F>>) -> Self {
        Self(task)
    }

    /// Has the task's future dropped instead of polled when its turn comes; the handle is ready after that.
    ///
    /// A task that ends first keeps its output. It is no error to abort a task that has ended.
    pub fn abort(&self) {
        self.0.header().abort();
    }

    /// Something that can abort the task from anywhere, any thread included.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle(Arc::clone(self.0.header()))
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.0.header().state.is_done()
    }

    /// The task's name.
    pub fn id(&self) -> TaskId {
        self.0.header().id
    }
}

// ANCHOR: detach
impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let mut join = self.0.join().borrow_mut();
        join.detached = true;
        let left = (join.result.take(), join.waiter.take());
        drop(join);
        drop(left);
    }
}
// ANCHOR_END: detach

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinHandle").field(&self.id()).finish()
    }
}

/// Aborts a task, from any thread.
#[derive(Debug, Clone)]
pub struct AbortHandle(Arc<Header>);

impl AbortHandle {
    /// As [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.0.abort();
    }
}
