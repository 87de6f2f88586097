//! Breakfast, cooked one thing at a time and then with both on the stove.
//!
//! A second here is a minute in the kitchen.
//!
//! ```text
//! cargo run -p one-at-a-time --example coffee
//! ```

use std::thread::sleep;
use std::time::{Duration, Instant};

use one_at_a_time::stopwatch::Stopwatch;

// ANCHOR: one
const COFFEE: Duration = Duration::from_secs(3);
const OATMEAL: Duration = Duration::from_secs(2);

fn make_coffee(kitchen: &Kitchen) {
    kitchen.note("kettle on");
    sleep(COFFEE);
    kitchen.note("coffee is ready");
}

fn make_oatmeal(kitchen: &Kitchen) {
    kitchen.note("pot on");
    sleep(OATMEAL);
    kitchen.note("oatmeal is ready");
}
// ANCHOR_END: one

// ANCHOR: both
fn make_both(kitchen: &Kitchen) {
    kitchen.note("kettle on");
    let coffee_ready = Instant::now() + COFFEE;
    kitchen.note("pot on");
    let oatmeal_ready = Instant::now() + OATMEAL;

    sleep_until(oatmeal_ready);
    kitchen.note("oatmeal is ready");
    sleep_until(coffee_ready);
    kitchen.note("coffee is ready");
}

fn sleep_until(then: Instant) {
    sleep(then.saturating_duration_since(Instant::now()));
}
// ANCHOR_END: both

// ANCHOR: main
fn main() {
    println!("one at a time");
    let kitchen = Kitchen::open();
    make_coffee(&kitchen);
    make_oatmeal(&kitchen);
    println!("  {}", kitchen.stopwatch.read());

    println!("both at once");
    let kitchen = Kitchen::open();
    make_both(&kitchen);
    println!("  {}", kitchen.stopwatch.read());
}
// ANCHOR_END: main

/// Notes what happens, with the seconds since it opened.
struct Kitchen {
    stopwatch: Stopwatch,
}

impl Kitchen {
    fn open() -> Self {
        Self { stopwatch: Stopwatch::start() }
    }

    fn note(&self, what: &str) {
        println!("  {:.1} s  {what}", self.stopwatch.read().wall.as_secs_f64());
    }
}
