//! Many visitors in one join: how many polls they cost.

use std::time::Duration;

use futures_by_hand::{Clock, join};
use proctor::count::Polls;

// ANCHOR: visitor
async fn visitor(clock: &Clock, number: u32) {
    clock.sleep(Duration::from_millis(number.into())).await;
}
// ANCHOR_END: visitor

// ANCHOR: main
fn main() {
    for visitors in [10, 100, 1_000] {
        let clock = Clock::by_hand();
        let polls = Polls::new();
        let futures = (1..=visitors).map(|number| polls.of(visitor(&clock, number)));
        clock.run(join(futures));
        println!("{visitors:>5} visitors, {visitors:>5} wakes: {:>7} polls", polls.count());
    }
}
// ANCHOR_END: main
