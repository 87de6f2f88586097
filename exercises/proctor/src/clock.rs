//! A clock that a test moves by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A clock that stands still until the test moves it.
///
/// Clones share one time, so that a test keeps one and gives another to the code under test.
/// Time is counted from the clock's start.
///
/// ```
/// use std::time::Duration;
///
/// let clock = proctor::clock::TestClock::new();
/// let theirs = clock.clone();
/// clock.advance(Duration::from_secs(3));
/// assert_eq!(theirs.now(), Duration::from_secs(3));
/// ```
#[derive(Debug, Clone, Default)]
pub struct TestClock {
    now: Arc<Mutex<Duration>>,
}

impl TestClock {
    /// A clock at its start.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time since the clock's start.
    pub fn now(&self) -> Duration {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock on, for all of its clones.
    ///
    /// # Panics
    ///
    /// When the time would be more than a [`Duration`] can hold.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).expect("a test's clock stays below Duration::MAX");
    }
}
