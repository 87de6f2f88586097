//! One thread waits for a value, another sends it.

use std::thread;
use std::time::Duration;

use futures_by_hand::{block_on, oneshot};

// ANCHOR: main
fn main() {
    // ANCHOR_END: main
    use timeline::{Kind, Live};
    let live = Live::new("A value from another thread");
    let main = live.lane("main thread");
    let other = live.lane("the harbour master");
    // ANCHOR: main
    let (sender, receiver) = oneshot::channel();
    // ANCHOR_END: main
    let receiver = Traced { receiver, live: live.clone(), lane: main, asleep: None };
    let live_there = live.clone();
    let wake = move || live_there.arrow(other, main, "wake");
    let live_there = live.clone();
    // ANCHOR: main
    let master = thread::spawn(move || {
        // ANCHOR_END: main
        let looks = live_there.span(other, Kind::Working, "looks it up");
        // ANCHOR: main
        thread::sleep(Duration::from_secs(1)); // looks it up
        // ANCHOR_END: main
        drop(looks);
        wake();
        // ANCHOR: main
        sender.send("high water at 14:20");
    });
    println!("{}", block_on(receiver));
    // ANCHOR_END: main
    let _ = master.join();
    live.recording().rounded(Duration::from_millis(100)).finish().save("message").unwrap();
    // ANCHOR: main
}
// ANCHOR_END: main

use std::pin::Pin;
use std::task::{Context, Poll};
use timeline::{Kind, Lane, Live, Running};

/// A receiver whose polls are drawn.
struct Traced {
    receiver: oneshot::Receiver<&'static str>,
    live: Live,
    lane: Lane,
    asleep: Option<Running>,
}

impl Future for Traced {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<&'static str> {
        self.asleep = None;
        let outcome = Pin::new(&mut self.receiver).poll(context);
        if outcome.is_pending() {
            self.live.mark(self.lane, "poll: pending");
            self.asleep = Some(self.live.span(self.lane, Kind::Waiting, "parked"));
        } else {
            self.live.mark(self.lane, "poll: ready");
        }
        outcome
    }
}
