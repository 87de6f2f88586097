//! Several at once: [`yield_now`], [`join_all`], [`TaskGroup`].

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::ebb::Local;
use crate::task::{JoinError, JoinHandle};

// ANCHOR: yield_now
/// Lets everybody have a turn who is queued already.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
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

// ANCHOR: group
/// Tasks that belong together: none of them is polled again once the group is dropped.
///
/// Dropping the group aborts those that are not done;
/// their futures are dropped in their next turns.
#[derive(Debug)]
pub struct TaskGroup<T> {
    /// Those whose result was not handed out, by their number in the group.
    handles: BTreeMap<usize, JoinHandle<T>>,
    spawned: usize,
    ended: Rc<RefCell<Ended>>,
}

/// What the group's tasks tell the group.
#[derive(Debug, Default)]
struct Ended {
    numbers: VecDeque<usize>,
    waiter: Option<Waker>,
}

/// Is in the future of a task of the group, and tells when it is dropped:
/// at the end, at a panic, at an abort.
struct Tell(usize, Rc<RefCell<Ended>>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.1.borrow_mut().numbers.push_back(self.0);
        let waiter = self.1.borrow_mut().waiter.take();
        if let Some(waiter) = waiter {
            // The group is polled in a later turn, when the handle has its result.
            waiter.wake();
        }
    }
}
// ANCHOR_END: group

impl<T: 'static> TaskGroup<T> {
    /// A group without tasks.
    pub fn new() -> Self {
        Self { handles: BTreeMap::new(), spawned: 0, ended: Rc::default() }
    }

    /// Spawns a task into the group.
    ///
    /// # Panics
    ///
    /// Outside of [`Ebb::block_on`](crate::Ebb::block_on).
    #[track_caller]
    pub fn spawn(&mut self, future: impl Future<Output = T> + 'static) {
        // Asked first: where nothing can be spawned, nothing may be told of its end.
        let local = Local::needed_by("spawn");
        self.spawned += 1;
        let tell = Tell(self.spawned, Rc::clone(&self.ended));
        let handle = local.spawn(async move {
            let _tell = tell;
            future.await
        });
        self.handles.insert(self.spawned, handle);
    }

    // ANCHOR: next
    /// The result of the next task to end, or `None` if none is left.
    ///
    /// Cancellation safe: a result that was not returned is not lost.
    pub async fn next(&mut self) -> Option<Result<T, JoinError>> {
        let number = poll_fn(|context| {
            let earlier = self.ended.borrow_mut().waiter.replace(context.waker().clone());
            drop(earlier);
            match self.ended.borrow_mut().numbers.pop_front() {
                None if !self.handles.is_empty() => Poll::Pending,
                number => Poll::Ready(number),
            }
        });
        let handle = self.handles.remove(&number.await?)?;
        Some(handle.await)
    }
    // ANCHOR_END: next

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
                Err(error) => {
                    self.abort();
                    first.get_or_insert(error);
                }
            }
        }
        first.map_or(Ok(outputs), Err)
    }
}

impl<T> TaskGroup<T> {
    /// Aborts all tasks of the group that are not done.
    pub fn abort(&self) {
        self.handles.values().for_each(JoinHandle::abort);
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
