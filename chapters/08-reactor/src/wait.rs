//! Waiting for the poller, with as few system calls as there can be.
//!
//! `Poller::wait` costs five on Linux: it sets a timer that is a file descriptor, adds it to the list, waits,
//! reads the descriptor that interrupts the wait, and adds that one again.
//! A server waits once for each message when there is little to do, so here its epoll is asked directly, which is one.

use std::io;
use std::time::Duration;

use polling::Poller;

/// What a wait brings: whose source, and in which directions it may be ready.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    pub key: usize,
    pub readable: bool,
    pub writable: bool,
}

/// How many events one wait may bring. The others are brought by the next.
const MOST: usize = 1024;

#[cfg(target_os = "linux")]
mod system {
    use std::num::NonZeroUsize;

    use polling::Events;
    use rustix::buffer::spare_capacity;
    use rustix::event::Timespec;
    use rustix::event::epoll::{self, EventFlags};

    use super::{Duration, MOST, Poller, Ready, io};

    /// What the poller calls the descriptor that interrupts its wait.
    const INTERRUPTED: u64 = usize::MAX as u64;

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
                let (readable, writable) = (is(EventFlags::IN), is(EventFlags::OUT));
                tell(Ready { key: usize::try_from(key).unwrap_or(usize::MAX), readable, writable });
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

    use polling::Events;

    use super::{Duration, MOST, Poller, Ready, io};

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
                tell(Ready { key: event.key, readable, writable });
            }
            Ok(())
        }
    }
}

pub use system::Wait;
