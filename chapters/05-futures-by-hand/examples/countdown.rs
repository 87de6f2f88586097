//! The countdown, polled by hand with a bell, and then run.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use futures_by_hand::{Countdown, block_on};

#[derive(Default)]
struct Bell {
    rings: AtomicUsize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, Ordering::SeqCst);
    }
}

fn main() {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut context = Context::from_waker(&waker);

    // ANCHOR: main
    let mut countdown = Countdown::from(3);
    loop {
        let outcome = Pin::new(&mut countdown).poll(&mut context);
        println!("{outcome:?}; the bell has rung {} times", bell.rings.load(Ordering::SeqCst));
        if outcome.is_ready() {
            break;
        }
    }
    println!("and all at once: {}", block_on(Countdown::from(10)));
    // ANCHOR_END: main
}
