//! How long a stream waits for its client: a bound on each gap, and a rate over all of them.

use std::time::Duration;

use tokio::time::Instant;

/// Waits for bytes, one after the other.
#[derive(Debug)]
pub(crate) struct Wait {
    gap: Duration,
    rate: u32,
    /// How long the waits lasted that are over.
    waited: Duration,
    /// Since when it waits, and how many bytes there were then.
    now: Option<(Instant, u64)>,
}

impl Wait {
    /// Each may last `gap`, and all together as long as the bytes take at `rate` a second, and `gap` more; a rate of 0 is no bound.
    pub(crate) fn new(gap: Duration, rate: u32) -> Self {
        Self { gap, rate, waited: Duration::ZERO, now: None }
    }

    /// What is waited for, as far as anything is: more than so many bytes. Until when that may last; none is for ever.
    pub(crate) fn look(&mut self, bytes: Option<u64>) -> Option<Instant> {
        let Some(bytes) = bytes else {
            self.end();
            return None;
        };
        self.goes_on(bytes)
    }

    /// More is waited for, and so many bytes have come by now.
    pub(crate) fn goes_on(&mut self, bytes: u64) -> Option<Instant> {
        let since = match self.now {
            Some((since, before)) if before == bytes => since,
            _ => {
                self.end();
                let now = Instant::now();
                self.now = Some((now, bytes));
                now
            }
        };
        let gap = since.checked_add(self.gap);
        let slow = bytes.checked_div(u64::from(self.rate)).and_then(|earned| {
            let whole = self.gap.checked_add(Duration::from_secs(earned))?;
            since.checked_add(whole.saturating_sub(self.waited))
        });
        [gap, slow].into_iter().flatten().min()
    }

    /// Nothing is waited for.
    pub(crate) fn end(&mut self) {
        if let Some((since, _)) = self.now.take() {
            self.waited += since.elapsed();
        }
    }
}
