//! Messages there and back on Ebb, on Tokio's current-thread runtime, and on async-io, taking turns.
//!
//! Each round lets every runtime send the same messages, one runtime after the other, and each round begins with
//! another one: whatever else the machine is doing, it does to all three. The ratios are taken within a round.
//! What is measured is the processor time of this process, in which one thread does all the work: that is the time it
//! takes on a machine that has nothing else to do.
//!
//! ```text
//! cargo run --release -p reactor --example net_peers
//! cargo run --release -p reactor --example net_peers -- --small
//! ```

use std::time::Duration;

use cpu_time::ProcessTime;

#[path = "../benches/rivals/mod.rs"]
mod rivals;

use rivals::MESSAGES;

fn main() {
    let small = std::env::args().any(|argument| argument == "--small");
    let (rounds, messages, many) = if small { (3, 200, 20) } else { (15, MESSAGES, 1_000) };
    event_loop::descriptors::raise_limit(2 * 3 * many as u64 + 64);
    println!(
        "processor time for a message there and back, in microseconds; median of {rounds} rounds"
    );
    println!("connections    Ebb  Tokio  async-io  Tokio/Ebb  async-io/Ebb");
    for connections in [1, many] {
        let rounds = race(connections, rounds, messages);
        let each = |rival: usize| {
            median(rounds.iter().map(|round| round[rival].as_secs_f64() * 1e6 / messages as f64))
        };
        let ratio = |rival: usize| {
            median(rounds.iter().map(|round| round[rival].div_duration_f64(round[0])))
        };
        println!(
            "{connections:>11}  {:>5.1}  {:>5.1}  {:>8.1}  {:>9.2}  {:>12.2}",
            each(0),
            each(1),
            each(2),
            ratio(1),
            ratio(2)
        );
    }
}

// ANCHOR: race
/// How much processor time each of the three took, in each round.
fn race(connections: usize, rounds: usize, messages: usize) -> Vec<[Duration; 3]> {
    let mut rivals = [rivals::ebb, rivals::tokio, rivals::async_io].map(|make| make(connections));
    // The first round pays for what is done once.
    for rival in &mut rivals {
        rival.round(messages);
    }
    let mut times = Vec::new();
    for round in 0..rounds {
        let mut taken = [Duration::ZERO; 3];
        for turn in 0..3 {
            let next = (round + turn) % 3;
            let start = ProcessTime::now();
            rivals[next].round(messages);
            taken[next] = start.elapsed();
        }
        times.push(taken);
    }
    times
}
// ANCHOR_END: race

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
