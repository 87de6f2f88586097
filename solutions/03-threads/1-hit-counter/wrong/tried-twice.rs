//! Nobody is unlucky twice, so a second attempt is enough.
//!
//! caught by: four_prizes_are_enough_for_four

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
        for _attempt in 0..2 {
            let left = self.prizes_left.load(Ordering::SeqCst);
            let fewer = left.checked_sub(1)?;
            let taken =
                self.prizes_left.compare_exchange(left, fewer, Ordering::SeqCst, Ordering::SeqCst);
            if taken.is_ok() {
                return Some(self.prizes - fewer);
            }
        }
        None
    }

    /// How many prizes there are still.
    pub fn prizes_left(&self) -> u32 {
        self.prizes_left.load(Ordering::SeqCst)
    }
}
