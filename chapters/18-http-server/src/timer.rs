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
    /// For the first byte of all.
    First,
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
pub(crate) struct Timer {
    waiting: Waiting,
    until: Option<Instant>,
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
        let body =
            BodyClock { request: 0, first: 0, since: Instant::now(), waited: Duration::ZERO };
        Self { waiting: Waiting::Nothing, until: None, body }
    }

    /// Takes note of what is waited for now; and says whether it is waited for too long.
    pub(crate) fn poll(
        &mut self,
        waiting: Waiting,
        config: &Config,
        mut sleep: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Waiting> {
        if waiting != self.waiting {
            self.change(waiting, config);
        }
        let Some(until) = self.until else { return Poll::Pending };
        // Most waits end long before their bound. The sleep is moved when it is too late, or has come too early, and not each time.
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= until {
                return Poll::Ready(waiting);
            }
            sleep.as_mut().reset(until);
        }
        Poll::Pending
    }

    fn change(&mut self, waiting: Waiting, config: &Config) {
        let before = self.waiting;
        self.waiting = waiting;
        self.until = None;
        if waiting == Waiting::Nothing && !matches!(before, Waiting::Body(..)) {
            return;
        }
        let now = Instant::now();
        if matches!(before, Waiting::Body(..)) {
            self.body.waited += now - self.body.since;
        }
        self.until = match waiting {
            Waiting::Nothing => None,
            Waiting::First => now.checked_add(config.first_byte),
            Waiting::Idle(_) => now.checked_add(config.keep_alive),
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
