//! An async function, dropped at each of its awaits.

use std::task::{Context, Waker};

use async_await::notes::{Log, Note};
use futures_by_hand::Countdown;

// ANCHOR: visit
async fn visit(_site: Note, _visitor: Note, log: &Log) {
    let _request = log.note("request");
    Countdown::from(1).await;
    let _response = log.note("response");
    Countdown::from(1).await;
}
// ANCHOR_END: visit

// ANCHOR: main
fn main() {
    let log = Log::new();
    let mut context = Context::from_waker(Waker::noop());
    for polls in 0..=3 {
        let mut future = Box::pin(visit(log.note("site"), log.note("visitor"), &log));
        let ready = (0..polls).any(|_| future.as_mut().poll(&mut context).is_ready());
        if ready {
            println!("{polls} polls, done:    {}", log.take().join(", "));
        }
        drop(future);
        if !ready {
            println!("{polls} polls, dropped: {}", log.take().join(", "));
        }
    }
}
// ANCHOR_END: main
