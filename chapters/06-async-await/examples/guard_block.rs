//! A lock's guard that is gone before the await; the future goes to another thread.

use std::sync::{Arc, Mutex};
use std::thread;

use futures_by_hand::{Countdown, block_on};

// ANCHOR: visit
async fn visit(hits: Arc<Mutex<u32>>) {
    let number = {
        let mut hits = hits.lock().expect("no visitor panics");
        *hits += 1;
        *hits
    };
    answer(number).await;
}
// ANCHOR_END: visit

async fn answer(number: u32) {
    Countdown::from(1).await;
    println!("you are number {number}");
}

// ANCHOR: main
fn main() {
    let hits = Arc::new(Mutex::new(0));
    let future = visit(Arc::clone(&hits));
    thread::spawn(move || block_on(future)).join().unwrap();
    block_on(visit(hits));
}
// ANCHOR_END: main
