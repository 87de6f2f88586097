//! A countdown that says "not yet" and tells nobody when to ask again.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

// ANCHOR: silent
struct Countdown {
    left: u32,
}

impl Future for Countdown {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<&'static str> {
        if self.left == 0 {
            return Poll::Ready("lift-off");
        }
        self.left -= 1;
        Poll::Pending
    }
}
// ANCHOR_END: silent

// ANCHOR: bell
/// A wake that is counted.
#[derive(Default)]
struct Bell {
    rings: AtomicUsize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, Ordering::SeqCst);
    }
}
// ANCHOR_END: bell

// ANCHOR: main
fn main() {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut context = Context::from_waker(&waker);

    let mut countdown = Countdown { left: 3 };
    let outcome = Pin::new(&mut countdown).poll(&mut context);
    println!("{outcome:?}; the bell has rung {} times", bell.rings.load(Ordering::SeqCst));
}
// ANCHOR_END: main
