//! The clock that turns an application's waiting into the loop's.
//!
//! `crab_app` waits on the [`Clock`] that it is given, and a loop has one thread for everybody: nobody may wait on it.
//! So [`Pace`]'s `sleep` returns at once and notes how long was asked for.
//! Whoever asked the application for a part then takes the note and holds the part back for so long.
//! To the client that is the same: the part comes a second later.
//!
//! What it cannot do: an application that calls `std::thread::sleep`, or reads from a slow disk, stops the loop all the same.
//! And what an application looks up after its sleep, it looks up before the pause: a reading is as old as the pause is long.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use wsgi::{Clock, WallClock};

// ANCHOR: pace
/// A clock whose sleepers are let go at once, and held back afterwards.
#[derive(Debug, Default)]
pub struct Pace {
    wall: WallClock,
    owed: Mutex<Duration>,
}

impl Clock for Pace {
    fn sleep(&self, time: Duration) {
        *self.owed.lock().unwrap_or_else(PoisonError::into_inner) += time;
    }
    // ANCHOR_END: pace

    /// What the application would see if it had slept.
    fn now(&self) -> Duration {
        self.wall.now() + *self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn date(&self) -> SystemTime {
        self.wall.date()
    }
    // ANCHOR: pace
}

impl Pace {
    /// How long the application has asked to sleep since this was last called.
    pub fn take(&self) -> Duration {
        std::mem::take(&mut *self.owed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
// ANCHOR_END: pace

impl Pace {
    /// A clock on which nobody has slept.
    pub fn new() -> Self {
        Self::default()
    }
}
