//! What lives across an await, weighed; and what a wrapper costs.

use std::hint::black_box;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

// ANCHOR: functions
async fn before() -> u8 {
    let page = [b'~'; 1024];
    let first = page[0];
    tide().await;
    first
}

async fn across() -> u8 {
    let page = [b'~'; 1024];
    tide().await;
    page[0]
}

async fn one_then_another() -> u8 {
    let first = {
        let page = [b'~'; 1024];
        tide().await;
        page[0]
    };
    let page = [b'~'; 1024];
    tide().await;
    first.max(page[0])
}

async fn both_at_once() -> u8 {
    let page = [b'~'; 1024];
    tide().await;
    let other = [b'~'; 1024];
    tide().await;
    page[0].max(other[0])
}
// ANCHOR_END: functions

// ANCHOR: borrowed
async fn borrowed_before() -> u8 {
    let page = [b'~'; 1024];
    let first = look_at(&page);
    tide().await;
    first
}

async fn borrowed_in_a_block() -> u8 {
    let first = {
        let page = [b'~'; 1024];
        look_at(&page)
    };
    tide().await;
    first
}
// ANCHOR_END: borrowed

fn look_at(page: &[u8]) -> u8 {
    black_box(page)[0]
}

async fn tide() {
    std::future::ready(()).await;
}

// ANCHOR: wrapped
async fn logged<F: Future>(future: F) -> F::Output {
    // Here would be a line for the log.
    future.await
}

struct Logged<F> {
    future: F,
}

impl<F: Future + Unpin> Future for Logged<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // Here would be a line for the log.
        Pin::new(&mut self.future).poll(context)
    }
}

fn by_hand<F>(future: F) -> Logged<F> {
    Logged { future }
}
// ANCHOR_END: wrapped

fn main() -> io::Result<()> {
    // ANCHOR: main
    println!("{:>5}  before", size_of_val(&before()));
    println!("{:>5}  across", size_of_val(&across()));
    println!("{:>5}  one_then_another", size_of_val(&one_then_another()));
    println!("{:>5}  both_at_once", size_of_val(&both_at_once()));
    println!("{:>5}  borrowed_before", size_of_val(&borrowed_before()));
    println!("{:>5}  borrowed_in_a_block", size_of_val(&borrowed_in_a_block()));
    // ANCHOR_END: main
    println!();
    // ANCHOR: wraps
    let bare = size_of_val(&across());
    let one = size_of_val(&logged(across()));
    let two = size_of_val(&logged(logged(across())));
    let three = size_of_val(&logged(logged(logged(across()))));
    let four = size_of_val(&logged(logged(logged(logged(across())))));
    // ANCHOR_END: wraps
    let hand_one = size_of_val(&by_hand(across()));
    let hand_two = size_of_val(&by_hand(by_hand(across())));
    let hand_three = size_of_val(&by_hand(by_hand(by_hand(across()))));
    let hand_four = size_of_val(&by_hand(by_hand(by_hand(by_hand(across())))));
    let boxed = size_of_val(&logged(Box::pin(across())));
    let compiled = [bare, one, two, three, four];
    let hand_made = [bare, hand_one, hand_two, hand_three, hand_four];
    println!("wrapped 0 to 4 times, compiled: {compiled:?}");
    println!("wrapped 0 to 4 times, by hand:  {hand_made:?}");
    println!("boxed, then wrapped: {boxed}");
    let points = |sizes: [usize; 5]| {
        sizes.iter().enumerate().map(|(n, size)| (n as f64, *size as f64)).collect::<Vec<_>>()
    };
    timeline::Plot::new("A future of one kilobyte, wrapped", "wrappers", "size in bytes")
        .series("async fn logged", &points(compiled))
        .series("by hand", &points(hand_made))
        .note("Each async fn around a future doubles it.")
        .save("wrapped")
}
