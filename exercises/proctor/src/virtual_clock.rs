//! The watchdog for an executor with a virtual clock that tells whoever watches it what it does.
//!
//! No time passes on such a clock while anything can go on, so a hang needs no waiting for: it is seen when it begins.

use std::thread;
use std::time::Duration;

use crate::asynchronous::{Stuck, virtual_time};

/// So much may happen at one time of the clock.
const MOST_AT_ONCE: usize = 20_000;

/// So often may the clock be moved on.
const MOST_JUMPS: usize = 20_000;

/// Fails the test when an executor with a virtual clock will never be done.
///
/// It knows no executor: the test has the executor's watcher call [`saw`](Self::saw) at each thing that happens.
/// Run the whole inside of [`watch`](crate::watch), which sees what this cannot: a poll that never comes back.
///
/// ```
/// use std::time::Duration;
///
/// // What a watcher is called with: the time, and whether the executor waits without a deadline.
/// let events = [(Duration::ZERO, false), (Duration::from_secs(1), false)];
/// let mut watchdog = proctor::VirtualWatch::new();
/// for (at, for_ever) in events {
///     watchdog.saw(at, for_ever);
/// }
/// ```
#[derive(Debug)]
pub struct VirtualWatch {
    name: String,
    at: Duration,
    here: usize,
    jumps: usize,
}

impl VirtualWatch {
    /// A watchdog for the test that runs on this thread.
    pub fn new() -> Self {
        // `watch` gives its thread the test's name.
        let name = thread::current().name().unwrap_or("the test").to_owned();
        Self { name, at: Duration::ZERO, here: 0, jumps: 0 }
    }

    /// Something happens at this time of the clock: a poll begins or is over, or the executor waits.
    /// `for_ever`: it waits, and no timer is left. (Nothing from outside may come and wake it.)
    ///
    /// # Panics
    ///
    /// When the executor waits for ever, when nothing but polls happen at one time, and when the clock goes on and on.
    pub fn saw(&mut self, at: Duration, for_ever: bool) {
        let name = &self.name;
        assert!(!for_ever, "{}", Stuck::Deadlock(at).message(name));
        if at != self.at {
            self.jumps += 1;
            self.here = 0;
            self.at = at;
        }
        self.here += 1;
        assert!(
            self.here < MOST_AT_ONCE,
            "{name} hangs: {} the executor spins: tasks are polled again and again, and none gets anywhere.\n\
             Look for a future that wakes itself each time it returns `Pending`, \
             a loop around `yield_now`, or a loop around something that is always ready.",
            virtual_time(at)
        );
        assert!(
            self.jumps < MOST_JUMPS,
            "{name} hangs: {} timers fire again and again, and it is not done.\n\
             Look for a loop around a `sleep` or an interval that waits for something that never happens.",
            virtual_time(at)
        );
    }
}

impl Default for VirtualWatch {
    fn default() -> Self {
        Self::new()
    }
}
