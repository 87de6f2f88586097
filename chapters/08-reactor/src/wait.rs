//! Waiting for the poller, with as few system calls as there can be.
//!
//! `Poller::wait` costs five on Linux: it sets a timer that is a file descriptor, adds it to the list, waits,
//! reads the descriptor that interrupts the wait, and adds that one again.
//! A server waits once for each message when there is little to do, so here its epoll is asked directly, which is one.
//!
//! Sockets are added to that epoll directly too, because the poller cannot ask for [`EPOLLRDHUP`]: whether the end
//! has come. Who knows that it has not need not read twice to learn that there is no more: see [`Ready::end_may_follow`].
//!
//! [`EPOLLRDHUP`]: https://man7.org/linux/man-pages/man2/epoll_ctl.2.html

use std::io;
use std::time::Duration;

use polling::Poller;

/// What a wait brings: whose source, and in which directions it may be ready.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    pub key: usize,
    pub readable: bool,
    pub writable: bool,
    /// A read that brings less than there was room for may leave something to read all the same:
    /// the end, an error, or what follows an urgent byte. Of such things an edge tells once.
    pub end_may_follow: bool,
}

/// How many events one wait may bring. The others are brought by the next.
const MOST: usize = 1024;

#[cfg(target_os = "linux")]
mod system {
    use std::num::NonZeroUsize;

    use polling::{AsSource, Events};
    use rustix::buffer::spare_capacity;
    use rustix::event::Timespec;
    use rustix::event::epoll::{self, EventData, EventFlags};

    use super::{Duration, MOST, Poller, Ready, io};

    /// What the poller calls the descriptor that interrupts its wait.
    const INTERRUPTED: u64 = usize::MAX as u64;

    // ANCHOR: add
    /// Has the poller tell of `socket` whenever it becomes ready, in either direction.
    pub fn add(poller: &Poller, socket: &impl AsSource, key: usize) -> io::Result<()> {
        let both = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        let more = EventFlags::RDHUP | EventFlags::PRI;
        let key = EventData::new_u64(key as u64);
        Ok(epoll::add(poller, socket.source(), key, both | more)?)
    }
    // ANCHOR_END: add

    /// The buffers of a wait.
    pub struct Wait {
        events: Vec<epoll::Event>,
        none: Events,
    }

    impl Wait {
        pub fn new() -> Self {
            let none = Events::with_capacity(NonZeroUsize::MIN);
            Self { events: Vec::with_capacity(MOST), none }
        }

        // ANCHOR: wait
        pub fn wait(
            &mut self,
            poller: &Poller,
            timeout: Option<Duration>,
            mut tell: impl FnMut(Ready),
        ) -> io::Result<()> {
            let timeout = timeout.and_then(|timeout| Timespec::try_from(whole(timeout)).ok());
            self.events.clear();
            epoll::wait(poller, spare_capacity(&mut self.events), timeout.as_ref())?;
            for event in &self.events {
                let key = event.data.u64();
                if key == INTERRUPTED {
                    // The poller's own affair: it clears the interruption and is ready for the next one.
                    poller.wait(&mut self.none, Some(Duration::ZERO))?;
                    continue;
                }
                // An error or a hang-up is news for both: whoever reads or writes next is told what happened.
                let told = event.flags;
                let is = |what| told.intersects(what | EventFlags::ERR | EventFlags::HUP);
                tell(Ready {
                    key: usize::try_from(key).unwrap_or(usize::MAX),
                    readable: is(EventFlags::IN),
                    writable: is(EventFlags::OUT),
                    end_may_follow: is(EventFlags::RDHUP | EventFlags::PRI),
                });
            }
            Ok(())
        }
        // ANCHOR_END: wait
    }

    /// In whole milliseconds and 24 days at most, which is what any Linux can wait for. Rounded up: too early would be for nothing.
    fn whole(timeout: Duration) -> Duration {
        let milliseconds = timeout.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128);
        Duration::from_millis(milliseconds.try_into().unwrap_or(u64::MAX))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::num::NonZeroUsize;

    use polling::{AsRawSource, AsSource, Event, Events, PollMode};

    use super::{Duration, MOST, Poller, Ready, io};

    /// Has the poller tell of `socket` whenever it becomes ready, in either direction.
    ///
    /// The caller deletes the socket from the poller before it closes it.
    pub fn add<S>(poller: &Poller, socket: &S, key: usize) -> io::Result<()>
    where
        S: AsSource,
        for<'a> &'a S: AsRawSource,
    {
        // SAFETY: The register, our one caller, owns the socket and deletes it from the poller first.
        #[expect(unsafe_code, reason = "the poller does not borrow what it is told to watch")]
        unsafe {
            poller.add_with_mode(socket, Event::all(key), PollMode::Edge)
        }
    }

    /// The buffer of a wait.
    pub struct Wait {
        events: Events,
    }

    impl Wait {
        pub fn new() -> Self {
            Self {
                events: Events::with_capacity(NonZeroUsize::new(MOST).unwrap_or(NonZeroUsize::MIN)),
            }
        }

        pub fn wait(
            &mut self,
            poller: &Poller,
            timeout: Option<Duration>,
            mut tell: impl FnMut(Ready),
        ) -> io::Result<()> {
            self.events.clear();
            poller.wait(&mut self.events, timeout)?;
            for event in self.events.iter() {
                let (readable, writable) = (event.readable, event.writable);
                tell(Ready { key: event.key, readable, writable, end_may_follow: true });
            }
            Ok(())
        }
    }
}

pub use system::{Wait, add};
