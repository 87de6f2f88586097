//! A future that is made and not polled. The compiler warns; here the warning is an error.

#![deny(unused_must_use)]

use std::future::poll_fn;
use std::task::Poll;

// ANCHOR: unpolled
fn ask(pier: &'static str) -> impl Future<Output = f64> {
    poll_fn(move |_| {
        println!("the gauge at the {pier} pier is asked");
        Poll::Ready(1.9)
    })
}

fn main() {
    ask("north");
}
// ANCHOR_END: unpolled
