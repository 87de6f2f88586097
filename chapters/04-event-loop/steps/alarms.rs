//! Breakfast with timers: one thread, one wait, and two dishes on the stove.
//!
//! ```text
//! cargo run -p event-loop --example alarms
//! ```

use std::io;
use std::time::{Duration, Instant};

use event_loop::Timers;
use polling::{Events, Poller};

// ANCHOR: main
fn main() -> io::Result<()> {
    let poller = Poller::new()?;
    let mut events = Events::new();
    let mut timers = Timers::new();
    let started = Instant::now();

    timers.set(Duration::from_secs(3), "coffee is ready");
    timers.set(Duration::from_secs(2), "oatmeal is ready");
    while let Some(wait) = timers.wait(started.elapsed()) {
        poller.wait(&mut events, Some(wait))?;
        while let Some(what) = timers.take_due(started.elapsed()) {
            println!("{:.1} s  {what}", started.elapsed().as_secs_f64());
        }
    }
    Ok(())
}
// ANCHOR_END: main
