//! A task waits for another thread, and a second one works meanwhile.

use std::thread;
use std::time::Duration;

use executor::{Ebb, sleep, spawn};
use futures_by_hand::oneshot;
use one_at_a_time::stopwatch::Stopwatch;

fn main() {
    let stopwatch = Stopwatch::start();
    // ANCHOR: main
    let (sender, receiver) = oneshot::channel();
    let master = thread::spawn(move || {
        thread::sleep(Duration::from_secs(1)); // looks it up
        sender.send("high water at 14:20");
    });
    Ebb::new().block_on(async {
        let clerk = spawn(async {
            for entry in 1..=2 {
                sleep(Duration::from_millis(400)).await;
                println!("the clerk makes entry {entry}");
            }
        });
        println!("{}", spawn(receiver).await.unwrap());
        clerk.await.unwrap();
    });
    // ANCHOR_END: main
    master.join().unwrap();
    println!("{}", stopwatch.read());
}
