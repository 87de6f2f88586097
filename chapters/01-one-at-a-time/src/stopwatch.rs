//! Tells time spent working from time spent waiting.
//!
//! *Wall time* is what a clock on the wall measures. *CPU time* is what the operating system charges this process for:
//! the sum, over all its threads, of the time in which a processor executed its instructions or the kernel's on its behalf.
//! Wall time without CPU time is waiting.

use std::fmt;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

// ANCHOR: stopwatch
/// Measures wall time and CPU time from its start.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    wall: Instant,
    cpu: ProcessTime,
}

impl Stopwatch {
    /// Starts both clocks.
    pub fn start() -> Self {
        Self { wall: Instant::now(), cpu: ProcessTime::now() }
    }

    /// What has passed on both clocks since the start.
    pub fn read(&self) -> Spent {
        Spent { wall: self.wall.elapsed(), cpu: self.cpu.elapsed() }
    }
}
// ANCHOR_END: stopwatch

/// Time spent, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// What passed on the wall.
    pub wall: Duration,
    /// What this process was charged for, over all its threads.
    pub cpu: Duration,
}

impl fmt::Display for Spent {
    /// `wall 1.000 s, CPU 0.0004 s (0 %)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wall, cpu) = (self.wall.as_secs_f64(), self.cpu.as_secs_f64());
        let share = if wall > 0.0 { 100.0 * cpu / wall } else { 0.0 };
        write!(f, "wall {wall:.3} s, CPU {cpu:.4} s ({share:.0} %)")
    }
}
