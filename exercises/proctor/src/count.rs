//! Exact counts of what must happen a certain number of times.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts how many values were made, and how many of them were dropped.
///
/// ```
/// let drops = proctor::count::Drops::new();
/// let value = (drops.token(), "something to own");
/// assert_eq!((drops.made(), drops.dropped()), (1, 0));
/// drop(value);
/// assert_eq!((drops.made(), drops.dropped()), (1, 1));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Drops {
    counts: Arc<DropCounts>,
}

#[derive(Debug, Default)]
struct DropCounts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

impl Drops {
    /// A counter that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value whose drop is counted: put it into what must be dropped.
    pub fn token(&self) -> Token {
        self.counts.made.fetch_add(1, Ordering::SeqCst);
        Token {
            counts: Arc::clone(&self.counts),
        }
    }

    /// How many tokens were made, clones included.
    pub fn made(&self) -> usize {
        self.counts.made.load(Ordering::SeqCst)
    }

    /// How many tokens were dropped.
    pub fn dropped(&self) -> usize {
        self.counts.dropped.load(Ordering::SeqCst)
    }

    /// How many tokens are still there.
    pub fn alive(&self) -> usize {
        // In this order a token that is dropped meanwhile is counted as alive, and never as less than none.
        let dropped = self.dropped();
        self.made() - dropped
    }
}

/// A value whose drop is counted; [`Drops::token`] makes it.
#[derive(Debug)]
pub struct Token {
    counts: Arc<DropCounts>,
}

impl Clone for Token {
    fn clone(&self) -> Self {
        self.counts.made.fetch_add(1, Ordering::SeqCst);
        Self {
            counts: Arc::clone(&self.counts),
        }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.counts.dropped.fetch_add(1, Ordering::SeqCst);
    }
}
