//! Who asks again cannot miss anything.
//!
//! caught by: nobody_is_woken_without_news

use std::task::{Context, Poll, Waker};

use loom::sync::Mutex;

/// What a poller has to say about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Event {
    /// There is something to read.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
}

/// What was left in a mailbox.
#[derive(Debug, Default)]
struct Mail {
    event: Event,
    closed: bool,
}

/// Between the poller's thread, which delivers, and a connection's task, which fetches.
#[derive(Debug, Default)]
pub struct Mailbox {
    mail: Mutex<Mail>,
    /// Who polled last. It has a lock of its own, so that a task that comes to wait is not in the way of the poller.
    waiter: Mutex<Option<Waker>>,
}

impl Mailbox {
    /// An empty mailbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves an event, and wakes whoever waits for it.
    pub fn deliver(&self, event: Event) {
        let mut mail = self.mail.lock().unwrap();
        mail.event.readable |= event.readable;
        mail.event.writable |= event.writable;
        drop(mail);
        self.wake();
    }

    /// There will be no more mail.
    pub fn close(&self) {
        self.mail.lock().unwrap().closed = true;
        self.wake();
    }

    fn wake(&self) {
        let waiter = self.waiter.lock().unwrap().take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Fetches what was delivered, as one event, or `None` if nothing will be delivered any more.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut mail = self.mail.lock().unwrap();
        if mail.event != Event::default() {
            return Poll::Ready(Some(std::mem::take(&mut mail.event)));
        }
        if mail.closed {
            return Poll::Ready(None);
        }
        drop(mail);
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
