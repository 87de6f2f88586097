//! Four jobs on one, two and four threads: arithmetic, and waiting.
//!
//! Run with `cargo run -p threads --example hands`. An argument is the size of the jobs in hundredths.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

// ANCHOR: jobs
/// The processor's job: how many primes there are below `limit`, found the slow way.
fn count_primes(limit: u32) -> u32 {
    let mut found = 0;
    for n in 2..limit {
        let mut d = 2;
        while d * d <= n && n % d != 0 {
            d += 1;
        }
        found += u32::from(d * d > n);
    }
    found
}

/// Somebody else's job: an answer that takes its time.
fn wait(time: Duration) {
    thread::sleep(time);
}
// ANCHOR_END: jobs

// ANCHOR: four_jobs
/// Does four jobs on so many threads, and returns how many seconds that took.
fn four_jobs(threads: usize, job: impl Fn() + Sync) -> f64 {
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..4 / threads).for_each(|_| job()));
        }
    });
    started.elapsed().as_secs_f64()
}
// ANCHOR_END: four_jobs

/// What other programs do meanwhile makes a measurement longer and never shorter.
fn best_of_three(measure: impl Fn() -> f64) -> f64 {
    (0..3).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

fn main() {
    let size: u32 = std::env::args().nth(1).and_then(|size| size.parse().ok()).unwrap_or(100);
    let processors = thread::available_parallelism().map_or(1, usize::from);
    println!("{processors} processors, 4 jobs");
    for threads in [1, 2, 4] {
        // ANCHOR: both
        let arithmetic = best_of_three(|| {
            four_jobs(threads, || {
                black_box(count_primes(15_000 * size));
            })
        });
        let waiting = best_of_three(|| {
            four_jobs(threads, || wait(Duration::from_millis(3 * u64::from(size))))
        });
        // ANCHOR_END: both
        println!("{threads} at work  arithmetic {arithmetic:5.2} s  waiting {waiting:5.2} s");
    }
}
