//! Two readings of the tide at a time.

use std::time::Duration;

use futures_by_hand::gauge::reading;
use futures_by_hand::{Clock, block_on, join};
use one_at_a_time::stopwatch::Stopwatch;

fn main() {
    // ANCHOR: main
    let clock = Clock::real();
    let stopwatch = Stopwatch::start();
    let north = reading(&clock, 1.9, Duration::from_secs(2));
    let south = reading(&clock, 1.2, Duration::from_secs(1));
    let heights = block_on(join([north, south]));
    println!("north {} m, south {} m", heights[0], heights[1]);
    println!("{}", stopwatch.read());
    // ANCHOR_END: main
}
