//! A future, polled by nobody but `main`.

use std::pin::pin;
use std::task::{Context, Waker};

use futures_by_hand::oneshot;

// ANCHOR: main
fn main() {
    let (sender, receiver) = oneshot::channel();
    let mut receiver = pin!(receiver);
    let mut context = Context::from_waker(Waker::noop());

    println!("{:?}", receiver.as_mut().poll(&mut context));
    sender.send("high water at 14:20");
    println!("{:?}", receiver.as_mut().poll(&mut context));
}
// ANCHOR_END: main
