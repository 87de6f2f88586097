//! Counting primes in two ranges, one after the other and then in turns.
//!
//! ```text
//! cargo run -p one-at-a-time --example take_turns
//! ```

use one_at_a_time::stopwatch::Stopwatch;

const MIDDLE: u32 = 800_000;
const END: u32 = 1_300_000;

// ANCHOR: main
fn main() {
    let watch = Stopwatch::start();
    let low = (2..MIDDLE).filter(|&n| is_prime(n)).count();
    let high = (MIDDLE..END).filter(|&n| is_prime(n)).count();
    println!("one after the other: {} primes, {}", low + high, watch.read());

    let watch = Stopwatch::start();
    let (mut low, mut high) = (2..MIDDLE, MIDDLE..END);
    let mut primes = 0;
    while !(low.is_empty() && high.is_empty()) {
        primes += low.by_ref().take(1000).filter(|&n| is_prime(n)).count();
        primes += high.by_ref().take(1000).filter(|&n| is_prime(n)).count();
    }
    println!("in turns:            {primes} primes, {}", watch.read());
}
// ANCHOR_END: main

fn is_prime(n: u32) -> bool {
    (2..=n.isqrt()).all(|d| !n.is_multiple_of(d))
}
