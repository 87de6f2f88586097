//! A day on a clock that stands still, on Ebb and on Tokio.

use std::time::Duration;

use executor::Ebb;
use one_at_a_time::stopwatch::Stopwatch;

const HOUR: Duration = Duration::from_hours(1);

fn main() {
    let stopwatch = Stopwatch::start();
    // ANCHOR: ebb
    Ebb::with_virtual_clock().block_on(async {
        let keeper = executor::spawn(async {
            let mut rounds = executor::interval(8 * HOUR);
            loop {
                let due = rounds.tick().await;
                println!("{:>2} h: the keeper's round", due.as_secs() / 3_600);
            }
        });
        executor::sleep(6 * HOUR + HOUR / 2).await;
        println!("{:>2} h: high water", executor::now().as_secs() / 3_600);
        executor::sleep(12 * HOUR + HOUR / 2).await;
        println!("{:>2} h: high water", executor::now().as_secs() / 3_600);
        keeper.abort();
    });
    // ANCHOR_END: ebb
    println!("Tokio:");
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tokio.block_on(async {
        let start = tokio::time::Instant::now();
        let hour = move || start.elapsed().as_secs() / 3_600;
        let keeper = tokio::spawn(async move {
            let mut rounds = tokio::time::interval(8 * HOUR);
            loop {
                rounds.tick().await;
                println!("{:>2} h: the keeper's round", hour());
            }
        });
        tokio::time::sleep(6 * HOUR + HOUR / 2).await;
        println!("{:>2} h: high water", hour());
        tokio::time::sleep(12 * HOUR + HOUR / 2).await;
        println!("{:>2} h: high water", hour());
        keeper.abort();
    });
    println!("{}", stopwatch.read());
}
