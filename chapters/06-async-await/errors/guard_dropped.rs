//! A lock's guard that is dropped before the await, by hand. It must not compile.

use std::sync::{Arc, Mutex};

// ANCHOR: visit
async fn visit(hits: Arc<Mutex<u32>>) {
    let mut hits = hits.lock().expect("no visitor panics");
    *hits += 1;
    let number = *hits;
    drop(hits);
    answer(number).await;
}
// ANCHOR_END: visit

async fn answer(number: u32) {
    println!("you are number {number}");
}

fn spawn<F: Future + Send + 'static>(_future: F) {
    // To another thread with it.
}

fn main() {
    spawn(visit(Arc::new(Mutex::new(0))));
}
