//! First find out who is to be woken, then deliver.
//!
//! caught by: no_mail_is_slept_through

use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use loom::sync::{Mutex, MutexGuard};

/// What a poller has to say about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Event {
    /// There is something to read.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
}

/// What was left in a mailbox, and who waits for more.
#[derive(Debug, Default)]
struct Mail {
    event: Event,
    closed: bool,
    /// Who polled last, and was told that there is nothing.
    waiter: Option<Waker>,
}

/// Between the poller's thread, which delivers, and a connection's task, which fetches.
#[derive(Debug, Default)]
pub struct Mailbox {
    mail: Mutex<Mail>,
}

impl Mailbox {
    /// An empty mailbox.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves an event, and wakes whoever waits for it.
    pub fn deliver(&self, event: Event) {
        self.change(|mail| {
            mail.event.readable |= event.readable;
            mail.event.writable |= event.writable;
        });
    }

    /// There will be no more mail.
    pub fn close(&self) {
        self.change(|mail| mail.closed = true);
    }

    fn change(&self, change: impl FnOnce(&mut Mail)) {
        let waiter = self.lock().waiter.take();
        change(&mut self.lock());
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Fetches what was delivered, as one event, or `None` if nothing will be delivered any more.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut mail = self.lock();
        if mail.event != Event::default() {
            return Poll::Ready(Some(std::mem::take(&mut mail.event)));
        }
        if mail.closed {
            return Poll::Ready(None);
        }
        mail.waiter = Some(context.waker().clone());
        Poll::Pending
    }
}
