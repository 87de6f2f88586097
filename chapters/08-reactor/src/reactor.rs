//! The register of sockets, and the [`Park`] that waits for them.
//!
//! It leaves out what a socket's events mean to whoever waits for it, which is the business of [`source`](crate::source).

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use executor::Park;
use polling::{AsRawSource, AsSource, Poller};
use slab::Slab;

use crate::source::Entry;
use crate::wait::{self, Wait};

// ANCHOR: reactor
/// Waits for sockets, for as long as the executor has nothing else to do.
pub struct Reactor {
    register: Rc<Register>,
    wait: Wait,
}

/// The sockets that the poller knows.
pub(crate) struct Register {
    poller: Arc<Poller>,
    /// A source's key is its place here. Places are used again.
    entries: RefCell<Slab<Rc<Entry>>>,
}
// ANCHOR_END: reactor

impl Reactor {
    /// A reactor that knows no socket.
    ///
    /// # Errors
    ///
    /// When the operating system has no poller to give.
    pub fn new() -> io::Result<Self> {
        let register = Register { poller: Arc::new(Poller::new()?), entries: RefCell::default() };
        Ok(Self { register: Rc::new(register), wait: Wait::new() })
    }

    /// How many sockets are registered with the present thread's executor; none if it has no reactor.
    pub fn sources() -> usize {
        Register::present().map_or(0, |register| register.entries.borrow().len())
    }
}

// ANCHOR: park
impl Park for Reactor {
    /// # Panics
    ///
    /// When the operating system refuses to wait, which is a mistake in this crate.
    fn park(&mut self, timeout: Option<Duration>) {
        let register = &self.register;
        let waited = self.wait.wait(&register.poller, timeout, |ready| {
            // Nothing is borrowed when the wakers are called, and so the entry may be another's by then:
            // that one is told of a readiness that it does not have, and finds out when it tries.
            let entry = register.entries.borrow().get(ready.key).cloned();
            if let Some(entry) = entry {
                entry.tell(ready);
            }
        });
        match waited {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                panic!("the operating system does not wait for sockets: {error}")
            }
            _ => {}
        }
    }

    fn interrupt(&self) -> Waker {
        Waker::from(Arc::new(Interrupt(Arc::clone(&self.register.poller))))
    }

    fn handle(&self) -> Option<Rc<dyn Any>> {
        Some(self.register.clone())
    }
}

/// Ends the poller's wait, the present one or the next.
struct Interrupt(Arc<Poller>);

impl Wake for Interrupt {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // It fails when its counter is full: somebody has interrupted the wait before us.
        let _ = self.0.notify();
    }
}
// ANCHOR_END: park

// ANCHOR: register
impl Register {
    /// The register of the executor that the present thread is in.
    pub(crate) fn present() -> Option<Rc<Self>> {
        executor::park_handle()
    }

    /// Has the poller tell of `io`, in both directions, whenever it becomes ready.
    pub(crate) fn add<S>(&self, io: S) -> io::Result<Rc<Entry<S>>>
    where
        S: AsSource + 'static,
        for<'a> &'a S: AsRawSource,
    {
        let mut entries = self.entries.borrow_mut();
        let place = entries.vacant_entry();
        // The entry owns the socket and is kept here until `remove`, which deletes the socket from the poller first.
        let entry = Rc::new(Entry::new(place.key(), io));
        wait::add(&self.poller, &entry.io, entry.key)?;
        place.insert(entry.clone());
        Ok(entry)
    }

    pub(crate) fn remove<S: AsSource>(&self, entry: &Entry<S>) {
        // It was added, so it is there; and if it is not, all the better.
        let _ = self.poller.delete(&entry.io);
        self.entries.borrow_mut().remove(entry.key);
    }
}
// ANCHOR_END: register

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("poller", &self.register.poller).finish_non_exhaustive()
    }
}
