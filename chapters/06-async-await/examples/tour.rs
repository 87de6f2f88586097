//! An async closure that borrows from where it was made.

use std::time::Duration;

use futures_by_hand::Clock;
use futures_by_hand::gauge::reading;

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: tour
async fn tour(mut ask: impl AsyncFnMut(&str)) {
    ask("north").await;
    ask("south").await;
}
// ANCHOR_END: tour

// ANCHOR: main
fn main() {
    let clock = Clock::by_hand();
    let mut log = Vec::new();
    clock.run(tour(async |pier| {
        let height = reading(&clock, 1.9, SECOND).await;
        log.push(format!("{pier}: {height} m"));
    }));
    println!("{log:?} after {:?}", clock.now());
}
// ANCHOR_END: main
