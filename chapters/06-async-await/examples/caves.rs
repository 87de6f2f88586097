//! How much stack a poll needs that goes through futures in futures.

use std::cell::Cell;

use async_await::depth::{Cave, depth};
use futures_by_hand::block_on;

/// About where on the stack the caller is.
fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(&local).addr()
}

// ANCHOR: main
fn main() {
    for length in [1, 10, 100, 1_000] {
        let lowest = Cell::new(usize::MAX);
        let look = async || lowest.set(lowest.get().min(here()));
        let highest = here();
        let found = block_on(depth(&Cave::passage(length), &look));
        println!("{found:>5} caves deep: {:>6} KiB of stack", (highest - lowest.get()) / 1024);
    }
}
// ANCHOR_END: main
