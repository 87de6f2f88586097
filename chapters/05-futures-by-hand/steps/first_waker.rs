//! A receiver that keeps the waker of its first poll, and is polled by two.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Bell {
    rings: AtomicUsize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, Ordering::SeqCst);
    }
}

struct State {
    value: Option<&'static str>,
    waker: Option<Waker>,
}

struct Receiver {
    shared: Arc<Mutex<State>>,
}

// ANCHOR: receive
impl Future for Receiver {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<&'static str> {
        let mut state = self.shared.lock().unwrap();
        if let Some(value) = state.value.take() {
            return Poll::Ready(value);
        }
        if state.waker.is_none() {
            state.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}
// ANCHOR_END: receive

// ANCHOR: main
fn main() {
    let shared = Arc::new(Mutex::new(State { value: None, waker: None }));
    let mut receiver = Receiver { shared: shared.clone() };
    let bells = [(); 2].map(|()| Arc::new(Bell::default()));
    for bell in &bells {
        let waker = Waker::from(bell.clone());
        let outcome = Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker));
        println!("{outcome:?}");
    }

    let waker = {
        let mut state = shared.lock().unwrap();
        state.value = Some("high water at 14:20");
        state.waker.take()
    };
    waker.unwrap().wake();
    let rings = bells.map(|bell| bell.rings.load(Ordering::SeqCst));
    println!("the first bell has rung {} times, the second {} times", rings[0], rings[1]);
}
// ANCHOR_END: main
