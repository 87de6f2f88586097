//! Two threads that count in one cell.

use std::cell::Cell;
use std::thread;

fn main() {
    // ANCHOR: visitors
    let hits = Cell::new(0);
    thread::scope(|scope| {
        scope.spawn(|| hits.set(hits.get() + 1));
        scope.spawn(|| hits.set(hits.get() + 1));
    });
    // ANCHOR_END: visitors
    println!("{} hits", hits.get());
}
