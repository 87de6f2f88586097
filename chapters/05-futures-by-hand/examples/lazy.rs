//! Two futures, of which one is polled.

use std::future::poll_fn;
use std::task::Poll;

use futures_by_hand::block_on;

// ANCHOR: ask
fn ask(pier: &'static str) -> impl Future<Output = f64> {
    println!("ask({pier:?}) is called");
    poll_fn(move |_| {
        println!("the gauge at the {pier} pier is asked");
        Poll::Ready(1.9)
    })
}
// ANCHOR_END: ask

// ANCHOR: main
fn main() {
    let north = ask("north");
    let south = ask("south");
    println!("there are two futures");
    println!("north: {} m", block_on(north));
    drop(south);
    println!("the other is dropped");
}
// ANCHOR_END: main
