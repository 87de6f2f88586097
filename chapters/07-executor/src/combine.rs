//! Several at once: [`yield_now`], [`join_all`], [`TaskGroup`].

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::task::{JoinError, JoinHandle};

// ANCHOR: yield_now
/// Lets everybody have a turn who is queued already.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
// ANCHOR_END: yield_now

/// Runs all the futures inside the present task, and returns their outputs in the order of the futures.
///
/// Each wake polls all that are not done: with more than a few dozen, use a [`TaskGroup`], where each has a waker of its own.
///
/// Dropping it drops those that are not done, and the outputs of those that are.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> =
        futures.into_iter().map(|future| (Some(Box::pin(future)), None)).collect();
    poll_fn(|context| {
        for (slot, output) in &mut futures {
            if let Some(future) = slot
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = None;
                *output = Some(value);
            }
        }
        if futures.iter().all(|(slot, _)| slot.is_none()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}

/// Tasks that belong together: none of them outlives the group.
///
/// Dropping the group aborts those that are not done.
#[derive(Debug)]
pub struct TaskGroup<T> {
    /// Those whose output was not handed out; a place is a task's number in the group.
    handles: Vec<Option<JoinHandle<T>>>,
    left: usize,
    ended: Rc<RefCell<Ended>>,
}

/// What the group's tasks tell the group.
#[derive(Debug, Default)]
struct Ended {
    places: VecDeque<usize>,
    waiter: Option<Waker>,
}

/// Is in the future of a task of the group, and tells when it is dropped: at the end, at a panic, at an abort.
struct Tell {
    place: usize,
    ended: Rc<RefCell<Ended>>,
}

impl Drop for Tell {
    fn drop(&mut self) {
        let mut ended = self.ended.borrow_mut();
        ended.places.push_back(self.place);
        let waiter = ended.waiter.take();
        drop(ended);
        if let Some(waiter) = waiter {
            // The group is polled in a later turn, when the handle has its result.
            waiter.wake();
        }
    }
}

impl<T: 'static> TaskGroup<T> {
    /// A group without tasks.
    pub fn new() -> Self {
        Self { handles: Vec::new(), left: 0, ended: Rc::default() }
    }

    /// Spawns a task into the group.
    ///
    /// # Panics
    ///
    /// Outside of [`Ebb::block_on`](crate::Ebb::block_on).
    #[track_caller]
    pub fn spawn(&mut self, future: impl Future<Output = T> + 'static) {
        let tell = Tell { place: self.handles.len(), ended: Rc::clone(&self.ended) };
        let handle = crate::spawn(async move {
            let _tell = tell;
            future.await
        });
        self.handles.push(Some(handle));
        self.left += 1;
    }

    /// The result of the next task to end, or `None` if none is left.
    ///
    /// Cancellation safe: a result that was not returned is not lost.
    #[expect(
        clippy::missing_panics_doc,
        reason = "each place is told of once, when its handle is there"
    )]
    pub async fn next(&mut self) -> Option<Result<T, JoinError>> {
        if self.left == 0 {
            self.handles.clear();
            return None;
        }
        let result = poll_fn(|context| {
            let mut ended = self.ended.borrow_mut();
            let Some(&place) = ended.places.front() else {
                ended.waiter = Some(context.waker().clone());
                return Poll::Pending;
            };
            drop(ended);
            let handle = self.handles[place].as_mut().expect("a task ends once");
            let result = std::task::ready!(Pin::new(handle).poll(context));
            self.handles[place] = None;
            self.ended.borrow_mut().places.pop_front();
            Poll::Ready(result)
        })
        .await;
        self.left -= 1;
        Some(result)
    }

    /// Waits for all. The first that has no output aborts the others, and is returned when they are gone.
    ///
    /// The outputs come in the order in which the tasks ended.
    ///
    /// # Errors
    ///
    /// When a task panics or is aborted.
    pub async fn join(mut self) -> Result<Vec<T>, JoinError> {
        let mut outputs = Vec::new();
        let mut first = None;
        while let Some(result) = self.next().await {
            match result {
                Ok(output) => outputs.push(output),
                Err(error) if first.is_none() => {
                    first = Some(error);
                    self.abort();
                }
                Err(_) => {}
            }
        }
        first.map_or(Ok(outputs), Err)
    }
}

impl<T> TaskGroup<T> {
    /// Aborts all tasks of the group that are not done.
    pub fn abort(&self) {
        self.handles.iter().flatten().for_each(JoinHandle::abort);
    }
}

impl<T: 'static> Default for TaskGroup<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for TaskGroup<T> {
    fn drop(&mut self) {
        self.abort();
    }
}
