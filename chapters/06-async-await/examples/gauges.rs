//! Two gauges of one trait, asked by a future on another thread.

use std::thread;
use std::time::Duration;

use async_await::gauge::{Pier, higher};
use futures_by_hand::Clock;

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: main
fn main() {
    let clock = Clock::by_hand();
    let north = Pier::new(&clock, 1.9, SECOND);
    let south = Pier::new(&clock, 1.2, SECOND);
    let future = async move { higher(&north, &south).await };
    let height = thread::spawn(move || clock.run(future)).join().unwrap();
    println!("at most {height} m");
}
// ANCHOR_END: main
