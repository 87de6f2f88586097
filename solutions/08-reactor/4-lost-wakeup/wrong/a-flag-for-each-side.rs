//! A flag for each side tells the other one what it needs to know, without a lock.
//!
//! caught by: no_mail_is_slept_through

use std::task::{Context, Poll, Waker};

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};

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
#[derive(Debug)]
pub struct Mailbox {
    mail: Mutex<Mail>,
    /// There is something new in it.
    news: AtomicBool,
    waiter: Mutex<Option<Waker>>,
    /// There is a waiter.
    waiting: AtomicBool,
}

impl Mailbox {
    /// An empty mailbox.
    pub fn new() -> Self {
        Self {
            mail: Mutex::new(Mail::default()),
            news: AtomicBool::new(false),
            waiter: Mutex::new(None),
            waiting: AtomicBool::new(false),
        }
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
        self.news.store(true, Ordering::Release);
        if self.waiting.load(Ordering::Acquire) {
            let waiter = self.waiter.lock().unwrap().take();
            if let Some(waiter) = waiter {
                waiter.wake();
            }
        }
    }

    /// Fetches what was delivered, as one event, or `None` if nothing will be delivered any more.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        *self.waiter.lock().unwrap() = Some(context.waker().clone());
        self.waiting.store(true, Ordering::Release);
        if self.news.load(Ordering::Acquire) {
            let mut mail = self.mail.lock().unwrap();
            if mail.event != Event::default() {
                return Poll::Ready(Some(std::mem::take(&mut mail.event)));
            }
            if mail.closed {
                return Poll::Ready(None);
            }
        }
        Poll::Pending
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}
