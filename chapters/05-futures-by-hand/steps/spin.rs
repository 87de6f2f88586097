//! Machines that say "not yet" and nothing more, and a loop that therefore asks all the time.
//!
//! `cargo run -p futures-by-hand --example spin -- MILLISECONDS` sets how long the gauge takes.

use std::env;
use std::task::Poll;
use std::time::{Duration, Instant};

use one_at_a_time::stopwatch::Stopwatch;

// ANCHOR: machine
trait Machine {
    type Output;
    fn poll(&mut self) -> Poll<Self::Output>;
}

impl Machine for Reading {
    type Output = f64;

    fn poll(&mut self) -> Poll<f64> {
        if Instant::now() < self.at { Poll::Pending } else { Poll::Ready(self.height) }
    }
}
// ANCHOR_END: machine

struct Reading {
    height: f64,
    at: Instant,
}

fn main() {
    let milliseconds = env::args().nth(1).map_or(1_000, |text| {
        text.parse().expect("the argument is how long the gauge takes, in milliseconds")
    });
    let stopwatch = Stopwatch::start();
    // ANCHOR: main
    let mut reading =
        Reading { height: 1.9, at: Instant::now() + Duration::from_millis(milliseconds) };
    let mut polls = 1;
    let height = loop {
        if let Poll::Ready(height) = reading.poll() {
            break height;
        }
        polls += 1;
    };
    println!("the tide stands at {height} m, after {polls} polls");
    // ANCHOR_END: main
    println!("{}", stopwatch.read());
}
