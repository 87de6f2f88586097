//! A step that went too far can be taken back before anybody sees it.
//!
//! caught by: prizes_left_is_never_more_than_there_were

use shuttle::sync::atomic::{AtomicU32, Ordering};

/// Counts visits, and gives a prize to the first who ask.
#[derive(Debug)]
pub struct HitCounter {
    hits: AtomicU32,
    prizes: u32,
    prizes_left: AtomicU32,
}

impl HitCounter {
    /// A counter at zero, with so many prizes to give away.
    pub fn new(prizes: u32) -> Self {
        Self { hits: AtomicU32::new(0), prizes, prizes_left: AtomicU32::new(prizes) }
    }

    /// Counts a visit, and returns its number: 1 for the first.
    pub fn hit(&self) -> u32 {
        self.hits.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// How many visits there were.
    pub fn hits(&self) -> u32 {
        self.hits.load(Ordering::SeqCst)
    }

    /// Takes a prize, and returns its number: 1 for the first; `None` when all are gone.
    pub fn claim(&self) -> Option<u32> {
        let left = self.prizes_left.fetch_sub(1, Ordering::SeqCst);
        if left == 0 || left > self.prizes {
            self.prizes_left.fetch_add(1, Ordering::SeqCst);
            return None;
        }
        Some(self.prizes - left + 1)
    }

    /// How many prizes there are still.
    pub fn prizes_left(&self) -> u32 {
        self.prizes_left.load(Ordering::SeqCst)
    }
}
