//! Two threads that count in one variable.

use std::thread;

fn main() {
    // ANCHOR: visitors
    let mut hits = 0;
    thread::scope(|scope| {
        scope.spawn(|| hits += 1);
        scope.spawn(|| hits += 1);
    });
    // ANCHOR_END: visitors
    println!("{hits} hits");
}
