//! Waiting until h2 has written what it has.
//!
//! h2 throws away what waits on a stream that is reset. Where an application fails in the middle of its response, the client is to see what there was, and that it is cut:
//! so the reset waits for one turn of the connection's task, which writes all that the client has room for.

use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

/// The streams of a connection that wait for its next turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flush {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    connection: Option<Waker>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Flush {
    /// What h2 has by now is written, as far as there is room for it, when this is ready; or the connection is gone.
    pub(crate) fn next(&self) -> Flushing {
        let (sender, receiver) = oneshot::channel();
        let connection = {
            let mut inner = self.lock();
            inner.waiting.push(sender);
            inner.connection.clone()
        };
        connection.into_iter().for_each(Waker::wake);
        Flushing { receiver }
    }

    /// The connection's task begins a turn. At the end of it, what this returns is to be dropped.
    pub(crate) fn begin(&self, task: &Waker) -> Vec<oneshot::Sender<()>> {
        let mut inner = self.lock();
        if !inner.connection.as_ref().is_some_and(|old| old.will_wake(task)) {
            inner.connection = Some(task.clone());
        }
        mem::take(&mut inner.waiting)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds this.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a turn.
#[derive(Debug)]
pub(crate) struct Flushing {
    receiver: oneshot::Receiver<()>,
}

impl Future for Flushing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Nothing is ever sent: the other end is dropped.
        Pin::new(&mut self.receiver).poll(cx).map(drop)
    }
}
