//! Gauges that answer in time, too late, and at the last moment.

use std::time::Duration;

use futures_by_hand::gauge::reading;
use futures_by_hand::{Clock, timeout};

// ANCHOR: main
fn main() {
    let clock = Clock::by_hand();
    for seconds in [1, 3, 2] {
        let reading = reading(&clock, 1.9, Duration::from_secs(seconds));
        let started = clock.now();
        let outcome = clock.run(timeout(&clock, Duration::from_secs(2), reading));
        let took = clock.now().saturating_sub(started);
        println!("a gauge that takes {seconds} s: {outcome:?} after {took:?}");
    }
    println!("{} sleepers are left", clock.sleepers());
}
// ANCHOR_END: main
