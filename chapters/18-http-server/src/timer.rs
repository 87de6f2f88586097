//! What a connection waits for, and until when.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::config::Config;

/// What a connection waits for. The numbers tell one wait from the next: each has its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// For nothing of the client's.
    Nothing,
    /// For a request after that many.
    Idle(u64),
    /// For the rest of a head, after that many whole ones.
    Head(u64),
    /// For bytes of a body: of which request, and after how many bytes of the connection.
    Body(u64, u64),
    /// For room to write, after that many bytes.
    Write(u64),
}

/// The bound on the present wait.
///
/// Most waits end long before their bound, and a busy connection begins thousands in a second. So the time is asked for once a wait,
/// and the sleep, which is shared by all of them, is moved only if it would come too late, or when it has come too early.
pub(crate) struct Timer {
    waiting: Waiting,
    since: Instant,
    until: Option<Instant>,
    /// The connection is idle, and is to be parked at `until`.
    settling: bool,
    /// The sleep will wake the task.
    told: bool,
    body: BodyClock,
}

/// How long a body was waited for, and what that has brought.
struct BodyClock {
    request: u64,
    first: u64,
    since: Instant,
    waited: Duration,
}

impl Timer {
    pub(crate) fn new() -> Self {
        let since = Instant::now();
        let body = BodyClock { request: 0, first: 0, since, waited: Duration::ZERO };
        Self { waiting: Waiting::Nothing, since, until: None, settling: false, told: false, body }
    }

    /// Takes note of what is waited for now; and says whether it is waited for too long, or long enough to be [parked](Self::settled).
    ///
    /// `known` says that the task is the same as the last time.
    pub(crate) fn poll(
        &mut self,
        waiting: Waiting,
        config: &Config,
        mut sleep: Pin<&mut Sleep>,
        known: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Waiting> {
        self.told &= known;
        let changed = waiting != self.waiting;
        if changed {
            self.change(waiting, config);
        }
        let Some(until) = self.until else { return Poll::Pending };
        let deadline = sleep.deadline();
        if deadline > until {
            sleep.as_mut().reset(until);
        } else if changed && self.told && self.since < deadline {
            // It will wake this task early enough.
            return Poll::Pending;
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= until {
                return Poll::Ready(waiting);
            }
            sleep.as_mut().reset(until);
        }
        self.told = true;
        Poll::Pending
    }

    /// Since when the connection is idle, if it has been so for long enough to be parked.
    pub(crate) fn settled(&self) -> Option<Instant> {
        self.settling.then_some(self.since)
    }

    /// It cannot be parked.
    pub(crate) fn stay(&mut self, config: &Config) {
        self.settling = false;
        self.until = self.since.checked_add(config.keep_alive);
    }

    fn change(&mut self, waiting: Waiting, config: &Config) {
        let before = self.waiting;
        self.waiting = waiting;
        self.until = None;
        self.settling = false;
        if waiting == Waiting::Nothing && !matches!(before, Waiting::Body(..)) {
            return;
        }
        let now = Instant::now();
        self.since = now;
        if matches!(before, Waiting::Body(..)) {
            self.body.waited += now - self.body.since;
        }
        self.until = match waiting {
            Waiting::Nothing => None,
            Waiting::Idle(_) => {
                self.settling = config.park < config.keep_alive;
                now.checked_add(config.park.min(config.keep_alive))
            }
            Waiting::Head(_) => now.checked_add(config.head),
            Waiting::Write(_) => now.checked_add(config.write),
            Waiting::Body(request, read) => {
                if self.body.request != request {
                    self.body =
                        BodyClock { request, first: read, since: now, waited: Duration::ZERO };
                }
                self.body.since = now;
                let gap = now.checked_add(config.body);
                let earned = (read - self.body.first).checked_div(u64::from(config.body_rate));
                let slow = earned.and_then(|earned| {
                    let whole = config.body.checked_add(Duration::from_secs(earned))?;
                    now.checked_add(whole.saturating_sub(self.body.waited))
                });
                // None is for ever.
                [gap, slow].into_iter().flatten().min()
            }
        };
    }
}
