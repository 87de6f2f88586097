//! What a connection waits for, and until when.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::coop::has_budget_remaining;
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
    /// For room to write: for which response, and after how many bytes of the connection.
    Write(u64, u64),
}

/// The bound on the present wait.
///
/// Most waits end long before their bound, and a busy connection begins thousands in a second. So the time is asked for once a wait,
/// and the sleep, which is shared by all of them, is moved only if it would come too late, or when it has come too early.
/// Where one request follows the other within a [`TICK`], it is asked for once in that time: such a connection counts as idle since then.
pub(crate) struct Timer {
    waiting: Waiting,
    since: Instant,
    until: Option<Instant>,
    /// The connection is idle, and is to be parked at `until`.
    settling: bool,
    /// The connection is busy: requests follow each other without a look at the clock, until the sleep ends at `until`.
    busy: bool,
    /// The sleep will wake the task.
    told: bool,
    /// Made at the first wait that has a rate, and in a box: most connections have none, and those are looked at in each turn.
    rates: Option<Box<Rates>>,
}

struct Rates {
    body: Rate,
    write: Rate,
}

/// How long the bytes of a body were waited for, and what that has brought.
struct Rate {
    request: u64,
    first: u64,
    since: Instant,
    waited: Duration,
}

impl Rates {
    fn new(now: Instant) -> Self {
        let rate = || Rate { request: 0, first: 0, since: now, waited: Duration::ZERO };
        Self { body: rate(), write: rate() }
    }
}

impl Rate {
    /// A wait begins, after that many bytes of the connection. Until when it may last, if these come at a rate, after some slack.
    fn begin(
        &mut self,
        (request, bytes): (u64, u64),
        slack: Duration,
        rate: u32,
        now: Instant,
    ) -> Option<Instant> {
        if self.request != request {
            *self = Self { request, first: bytes, since: now, waited: Duration::ZERO };
        }
        self.since = now;
        let earned = (bytes - self.first).checked_div(u64::from(rate))?;
        let whole = slack.checked_add(Duration::from_secs(earned))?;
        now.checked_add(whole.saturating_sub(self.waited))
    }

    fn end(&mut self, now: Instant) {
        self.waited += now - self.since;
    }
}

impl Timer {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Waiting::Nothing,
            since: Instant::now(),
            until: None,
            settling: false,
            busy: false,
            told: false,
            rates: None,
        }
    }

    /// Takes note of what is waited for now; and says whether it is waited for too long, or long enough to be parked, if it is [settling](Self::settling).
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
            let next = matches!((self.waiting, waiting), (Waiting::Idle(_), Waiting::Idle(_)));
            if next && self.busy && self.told && !sleep.is_elapsed() {
                self.waiting = waiting;
                return Poll::Pending;
            }
            self.change(waiting, config);
        }
        let Some(mut until) = self.until else { return Poll::Pending };
        let deadline = sleep.deadline();
        if deadline > until {
            sleep.as_mut().reset(until);
        } else if changed && self.told && self.since < deadline {
            // It will wake this task early enough.
            return Poll::Pending;
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= until {
                if !mem::take(&mut self.busy) {
                    return Poll::Ready(waiting);
                }
                // It is idle since then, or a little longer.
                self.until = self.since.checked_add(idle(config));
                match self.until {
                    Some(later) => until = later,
                    None => return Poll::Pending,
                }
            }
            sleep.as_mut().reset(until);
        }
        // A task that has used up its budget is woken at once, and the sleep has not taken note of it.
        self.told = has_budget_remaining();
        Poll::Pending
    }

    /// Since when the connection is idle, if it is to be parked: when its time has come, or earlier.
    pub(crate) fn settling(&self) -> Option<Instant> {
        self.settling.then_some(self.since)
    }

    /// It cannot be parked.
    pub(crate) fn stay(&mut self, config: &Config) {
        self.settling = false;
        self.until = self.since.checked_add(config.keep_alive);
    }

    fn rates(&mut self, now: Instant) -> &mut Rates {
        self.rates.get_or_insert_with(|| Box::new(Rates::new(now)))
    }

    fn change(&mut self, waiting: Waiting, config: &Config) {
        let before = self.waiting;
        self.waiting = waiting;
        self.until = None;
        self.settling = false;
        self.busy = false;
        let has_rate = matches!(before, Waiting::Body(..) | Waiting::Write(..));
        if waiting == Waiting::Nothing && !has_rate {
            return;
        }
        let now = Instant::now();
        let gap = now - self.since;
        self.since = now;
        match (before, &mut self.rates) {
            (Waiting::Body(..), Some(rates)) => rates.body.end(now),
            (Waiting::Write(..), Some(rates)) => rates.write.end(now),
            _ => {}
        }
        self.until = match waiting {
            Waiting::Nothing => None,
            Waiting::Idle(_) => {
                self.settling = config.park < config.keep_alive;
                let idle = idle(config);
                let tick = TICK.min(idle / 8);
                self.busy = matches!(before, Waiting::Idle(_)) && gap < tick;
                now.checked_add(if self.busy { tick } else { idle })
            }
            Waiting::Head(_) => now.checked_add(config.head),
            Waiting::Body(request, read) => {
                let gap = now.checked_add(config.body);
                let slow =
                    self.rates(now).body.begin((request, read), config.body, config.body_rate, now);
                sooner(gap, slow)
            }
            Waiting::Write(request, written) => {
                let gap = now.checked_add(config.write);
                let slow = self.rates(now).write.begin(
                    (request, written),
                    config.write,
                    config.write_rate,
                    now,
                );
                sooner(gap, slow)
            }
        };
    }
}

/// The clock is asked that often, at least, on a connection on which one request follows the other.
const TICK: Duration = Duration::from_millis(100);

/// How long a connection may be idle before something is done about it.
fn idle(config: &Config) -> Duration {
    config.park.min(config.keep_alive)
}

/// None is for ever.
fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    [one, other].into_iter().flatten().min()
}
