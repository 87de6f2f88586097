#![doc = include_str!("../README.md")]

use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicU32, Ordering};

/// Counts visits, and gives a prize to the first who ask.
#[derive(Debug)]
pub struct HitCounter {
    // Yours to fill. You may need only one of the two imports above.
}

impl HitCounter {
    /// A counter at zero, with so many prizes to give away.
    pub fn new(prizes: u32) -> Self {
        todo!("begin with no visits and all the prizes")
    }

    /// Counts a visit, and returns its number: 1 for the first.
    pub fn hit(&self) -> u32 {
        todo!("count the visit, and say which number it has")
    }

    /// How many visits there were.
    pub fn hits(&self) -> u32 {
        todo!("how many visits there were")
    }

    /// Takes a prize, and returns its number: 1 for the first; `None` when all are gone.
    pub fn claim(&self) -> Option<u32> {
        todo!("take a prize if there is one")
    }

    /// How many prizes there are still.
    pub fn prizes_left(&self) -> u32 {
        todo!("how many prizes there are still")
    }
}
