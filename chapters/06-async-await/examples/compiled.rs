//! The report of chapter 5, by hand and by the compiler: what both say, and how large they are.

use async_await::report::{Report, report};
use futures_by_hand::Clock;

// ANCHOR: main
fn main() {
    let clock = Clock::by_hand();
    println!("compiled: {}, after {:?}", clock.run(report(&clock)), clock.now());
    let clock = Clock::by_hand();
    println!(" by hand: {}, after {:?}", clock.run(Report::Start { clock: &clock }), clock.now());

    println!("compiled: {} bytes", size_of_val(&report(&clock)));
    println!(" by hand: {} bytes", size_of_val(&Report::Start { clock: &clock }));
    println!("a reading: {} bytes", size_of::<futures_by_hand::gauge::Reading>());
}
// ANCHOR_END: main
