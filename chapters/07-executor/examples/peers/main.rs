//! Ebb beside Tokio's current-thread runtime and async-executor's `LocalExecutor`: the median of a hundred runs.
//!
//! Run with `cargo run --release -p executor --example peers`; `-- --small` does a hundredth of the work, five times.
//! `cargo bench -p executor` measures the same bodies with more care.

#[path = "../../benches/peers/bodies.rs"]
mod bodies;

use std::time::{Duration, Instant};

use bodies::{paused_sleeps, ping_pong, set_and_cancel, spawn_and_join, wakes_from_a_thread};

type Body = Box<dyn FnMut()>;

/// The medians. The executors take turns, so that what else happens on the machine happens to all of them.
fn medians(runs: usize, mut bodies: Vec<Body>) -> Vec<Duration> {
    let mut times = vec![Vec::new(); bodies.len()];
    // The first run is for the caches.
    for run in 0..=runs {
        for (body, times) in bodies.iter_mut().zip(&mut times) {
            let start = Instant::now();
            body();
            if run > 0 {
                times.push(start.elapsed());
            }
        }
    }
    for times in &mut times {
        times.sort_unstable();
    }
    times.iter().map(|times| times[times.len() / 2]).collect()
}

fn main() {
    let small = std::env::args().any(|argument| argument == "--small");
    let (runs, part) = if small { (5, 100) } else { (100, 1) };
    let (many, yields, some) = (100_000 / part, 10_000 / part, 1_000 / part);
    println!("{:<34}{:>9}{:>9}{:>9}", "medians in milliseconds", "Ebb", "Tokio", "smol");
    let row = |size: usize, what: &str, bodies: Vec<Body>| {
        print!("{:<34}", format!("{size} {what}"));
        for median in medians(runs, bodies) {
            print!("{:>9.3}", median.as_secs_f64() * 1_000.0);
        }
        println!();
    };
    row(
        many,
        "tasks spawned and joined",
        vec![
            Box::new(spawn_and_join::ebb(many)),
            Box::new(spawn_and_join::tokio(many)),
            Box::new(spawn_and_join::async_executor(many)),
        ],
    );
    row(
        yields,
        "yields, two tasks",
        vec![
            Box::new(ping_pong::ebb(yields)),
            Box::new(ping_pong::tokio(yields)),
            Box::new(ping_pong::async_executor(yields)),
        ],
    );
    row(
        some,
        "timers set and cancelled",
        vec![Box::new(set_and_cancel::ebb(some)), Box::new(set_and_cancel::tokio(some))],
    );
    row(
        some,
        "sleeps on a virtual clock",
        vec![Box::new(paused_sleeps::ebb(some)), Box::new(paused_sleeps::tokio(some))],
    );
    row(
        some,
        "wakes from a thread",
        vec![
            Box::new(wakes_from_a_thread::ebb(some)),
            Box::new(wakes_from_a_thread::tokio(some)),
            Box::new(wakes_from_a_thread::async_executor(some)),
        ],
    );
}
