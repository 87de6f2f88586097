//! Tasks that belong together: one fails, and the others are stopped.

use std::panic;
use std::time::Duration;

use executor::{Ebb, TaskGroup, now, sleep};

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: gauge
struct Line(&'static str);

impl Drop for Line {
    fn drop(&mut self) {
        println!("{} s: the line to the {} pier is closed", now().as_secs(), self.0);
    }
}

async fn gauge(pier: &'static str, takes: u32) -> f64 {
    let _line = Line(pier);
    sleep(takes * SECOND).await;
    assert!(pier != "south", "the {pier} gauge is under water");
    1.9
}
// ANCHOR_END: gauge

fn main() {
    // What a panic prints is not what this is about.
    panic::set_hook(Box::new(|_| {}));
    // ANCHOR: main
    Ebb::with_virtual_clock().block_on(async {
        let mut gauges = TaskGroup::new();
        gauges.spawn(gauge("north", 1));
        gauges.spawn(gauge("south", 2));
        gauges.spawn(gauge("east", 3));
        match gauges.join().await {
            Ok(heights) => println!("{heights:?}"),
            Err(error) => println!("{} s: {error}", now().as_secs()),
        }
    });
    // ANCHOR_END: main
}
