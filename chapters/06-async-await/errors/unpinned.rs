//! An async function's future, polled where it may be moved. It must not compile.

use std::pin::Pin;
use std::task::{Context, Waker};

async fn pier_then_height() {}

// ANCHOR: poll
fn poll_once<F: Future + Unpin>(future: &mut F) {
    let mut context = Context::from_waker(Waker::noop());
    let _ = Pin::new(future).poll(&mut context);
}

fn main() {
    let mut future = pier_then_height();
    poll_once(&mut future);
}
// ANCHOR_END: poll
