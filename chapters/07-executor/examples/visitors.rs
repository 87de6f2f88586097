//! Many visitors, joined in one task and as tasks of their own: how many polls they cost.

use std::time::Duration;

use executor::{Ebb, join_all, sleep, spawn};
use proctor::count::Polls;

// ANCHOR: main
fn main() {
    for visitors in [10, 100, 1_000] {
        let visit = |polls: &Polls, number| polls.of(sleep(Duration::from_millis(number)));
        let (joined, tasks) = (Polls::new(), Polls::new());
        Ebb::with_virtual_clock()
            .block_on(join_all((1..=visitors).map(|number| visit(&joined, number))));
        Ebb::with_virtual_clock()
            .block_on(join_all((1..=visitors).map(|number| spawn(visit(&tasks, number)))));
        println!(
            "{visitors:>5} visitors: {:>7} polls joined, {:>4} as tasks",
            joined.count(),
            tasks.count()
        );
    }
}
// ANCHOR_END: main
