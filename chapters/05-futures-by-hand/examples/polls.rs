//! Three readings joined: who is polled when, and who wakes whom.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_by_hand::gauge::reading;
use futures_by_hand::{Clock, join};
use timeline::{Kind, Lane, Live, Running};

// ANCHOR: main
fn main() {
    let clock = Clock::by_hand();
    let trace = Trace::new(&clock);
    let readings = [("north", 1), ("south", 2), ("east", 3)].map(|(pier, seconds)| {
        let reading = reading(&clock, 1.9, Duration::from_secs(seconds));
        trace.of(pier, reading)
    });
    let heights = clock.run(trace.of("join", join(readings)));
    println!("{heights:?} after {:?}", clock.now());
    trace.print_counts();
    // ANCHOR_END: main
    let mut recording = trace.live.recording();
    recording.call(Kind::Working, "being polled").call(Kind::Waiting, "pending");
    recording.finish().save("polls").unwrap();
    // ANCHOR: main
}
// ANCHOR_END: main

/// Counts and draws the polls of futures, and the wakes of their wakers.
struct Trace {
    live: Live,
    clock: Lane,
    counts: std::cell::RefCell<Vec<(&'static str, Arc<Counts>)>>,
}

#[derive(Default)]
struct Counts {
    polls: AtomicUsize,
    wakes: AtomicUsize,
}

impl Trace {
    fn new(clock: &Clock) -> Self {
        // On a clock by hand a poll takes no time. In the picture every event takes a little, so that their order is seen.
        let shows = clock.clone();
        let last = Mutex::new((Duration::MAX, 0));
        let live = Live::with_clock("Three readings, joined", move || {
            let mut last = last.lock().unwrap();
            let now = shows.now();
            *last = if last.0 == now { (now, last.1 + 1) } else { (now, 0) };
            now + last.1 * Duration::from_millis(30)
        });
        let lane = live.lane("the clock");
        Self { live, clock: lane, counts: std::cell::RefCell::default() }
    }

    fn of<F: Future + Unpin>(&self, name: &'static str, future: F) -> Traced<F> {
        let counts = Arc::new(Counts::default());
        self.counts.borrow_mut().push((name, counts.clone()));
        let lane = self.live.lane(name);
        // The clock wakes a reading; what wakes the join is a reading's wake passed on.
        let waker_lane = (name != "join").then_some(self.clock);
        Traced { future, live: self.live.clone(), lane, waker_lane, counts, pending: None }
    }

    fn print_counts(&self) {
        for (name, counts) in self.counts.borrow().iter() {
            let polls = counts.polls.load(Ordering::SeqCst);
            let wakes = counts.wakes.load(Ordering::SeqCst);
            println!("{name:>5}: polled {polls} times, woken {wakes} times");
        }
    }
}

struct Traced<F> {
    future: F,
    live: Live,
    lane: Lane,
    waker_lane: Option<Lane>,
    counts: Arc<Counts>,
    pending: Option<Running>,
}

impl<F: Future + Unpin> Future for Traced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.counts.polls.fetch_add(1, Ordering::SeqCst);
        self.pending = None;
        let bell = Bell {
            live: self.live.clone(),
            from: self.waker_lane,
            to: self.lane,
            counts: self.counts.clone(),
            outer: context.waker().clone(),
        };
        let waker = Waker::from(Arc::new(bell));
        let polled = self.live.span(self.lane, Kind::Working, "");
        let outcome = Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker));
        drop(polled);
        if outcome.is_pending() {
            self.pending = Some(self.live.span(self.lane, Kind::Waiting, ""));
        } else {
            self.live.mark(self.lane, "ready");
        }
        outcome
    }
}

/// Draws a wake and passes it on.
struct Bell {
    live: Live,
    from: Option<Lane>,
    to: Lane,
    counts: Arc<Counts>,
    outer: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.counts.wakes.fetch_add(1, Ordering::SeqCst);
        if let Some(from) = self.from {
            self.live.arrow(from, self.to, "wake");
        }
        self.outer.wake_by_ref();
    }
}
