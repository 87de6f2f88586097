//! What one wait for sockets costs when there is nothing to wait for: by polling's own call, and by ours.
//!
//! ```text
//! cargo run --release -p reactor --example waits
//! ```

use std::io;
use std::time::{Duration, Instant};

use executor::Park;
use polling::{Events, Poller};
use reactor::Reactor;

/// Waits in one measurement.
const WAITS: u32 = 10_000;

// ANCHOR: main
fn main() -> io::Result<()> {
    let poller = Poller::new()?;
    let mut events = Events::new();
    let mut reactor = Reactor::new()?;
    let theirs = median(|| {
        events.clear();
        poller.wait(&mut events, Some(Duration::ZERO)).expect("the kernel can wait");
    });
    let ours = median(|| reactor.park(Some(Duration::ZERO)));
    println!("Poller::wait   {theirs:>5.0} ns");
    println!("Reactor::park  {ours:>5.0} ns");
    println!("ratio          {:>5.1}", theirs / ours);
    Ok(())
}
// ANCHOR_END: main

/// Nanoseconds that one call takes, in the middle one of eleven measurements.
fn median(mut call: impl FnMut()) -> f64 {
    let mut measured: Vec<f64> = (0..11)
        .map(|_| {
            let start = Instant::now();
            (0..WAITS).for_each(|_| call());
            start.elapsed().as_secs_f64() * 1e9 / f64::from(WAITS)
        })
        .collect();
    measured.sort_by(f64::total_cmp);
    measured[measured.len() / 2]
}
