//! Whoever stands at the door is let in.
//!
//! caught by: whoever_comes_at_the_shutdown_is_not_let_in

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::{sleep, spawn};

/// Whence connections come.
pub trait Listener {
    /// What comes.
    type Connection;

    /// The next connection, once somebody has come.
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Self::Connection>>;
}

/// Whether the process has as many files and sockets open as it may have.
pub fn out_of_descriptors(error: &io::Error) -> bool {
    // The number of `EMFILE` on Linux and macOS.
    error.raw_os_error() == Some(24)
}

/// How long to wait for a descriptor.
const PAUSE: Duration = Duration::from_millis(50);

/// How many connections are open.
#[derive(Debug, Default)]
struct Places {
    taken: Cell<usize>,
    /// The loop, if it waits.
    waiter: RefCell<Option<Waker>>,
}

impl Places {
    fn take(self: &Rc<Self>) -> Place {
        self.taken.set(self.taken.get() + 1);
        Place(Rc::clone(self))
    }

    /// Waits until fewer than `most` are taken.
    async fn fewer_than(&self, most: usize) {
        poll_fn(|context| {
            if self.taken.get() < most {
                return Poll::Ready(());
            }
            *self.waiter.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Is taken as long as it lives.
#[derive(Debug)]
struct Place(Rc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.set(self.0.taken.get() - 1);
        let waiter = self.0.waiter.take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

/// Serves at most `most` connections at a time, until `shutdown` is done or the listener fails.
///
/// # Errors
///
/// What the listener has failed with, unless it was out of descriptors or somebody had left.
pub async fn serve<L, H, F>(
    mut listener: L,
    most: usize,
    shutdown: impl Future<Output = ()>,
    mut handler: H,
) -> io::Result<()>
where
    L: Listener,
    H: FnMut(L::Connection) -> F,
    F: Future<Output = io::Result<()>> + 'static,
{
    let places = Rc::new(Places::default());
    let mut accepting = pin!(async {
        loop {
            places.fewer_than(most).await;
            match poll_fn(|context| listener.poll_accept(context)).await {
                Ok(connection) => {
                    let (place, served) = (places.take(), handler(connection));
                    drop(spawn(async move {
                        let _place = place;
                        served.await
                    }));
                }
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) if out_of_descriptors(&error) => sleep(PAUSE).await,
                Err(error) => return error,
            }
        }
    });
    let mut shutdown = pin!(shutdown);
    let outcome = poll_fn(|context| {
        if let Poll::Ready(error) = accepting.as_mut().poll(context) {
            return Poll::Ready(Err(error));
        }
        shutdown.as_mut().poll(context).map(Ok)
    })
    .await;
    places.fewer_than(1).await;
    outcome
}
