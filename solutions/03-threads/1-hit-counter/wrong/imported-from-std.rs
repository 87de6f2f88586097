//! An atomic is an atomic, wherever it is imported from.
//!
//! caught by: the_counter_is_made_of_what_shuttle_can_interrupt

use std::sync::atomic::{AtomicU32, Ordering};

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
        let number = self.hits.load(Ordering::SeqCst) + 1;
        self.hits.store(number, Ordering::SeqCst);
        number
    }

    /// How many visits there were.
    pub fn hits(&self) -> u32 {
        self.hits.load(Ordering::SeqCst)
    }

    /// Takes a prize, and returns its number: 1 for the first; `None` when all are gone.
    pub fn claim(&self) -> Option<u32> {
        let left = self
            .prizes_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .ok()?;
        Some(self.prizes - left + 1)
    }

    /// How many prizes there are still.
    pub fn prizes_left(&self) -> u32 {
        self.prizes_left.load(Ordering::SeqCst)
    }
}
