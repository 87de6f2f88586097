//! A second executor: each task has a waker of its own, which raises the task's flag, and the loop looks at all flags.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_by_hand::Clock;
use proctor::count::Polls;

// ANCHOR: flag
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.swap(true, Ordering::Release);
    }
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    flag: Arc<Flag>,
}
// ANCHOR_END: flag

// ANCHOR: run
fn run(mut tasks: Vec<Task>, clock: &Clock) -> usize {
    let mut looks = 0;
    while !tasks.is_empty() {
        let mut polled = false;
        tasks.retain_mut(|task| {
            looks += 1;
            if !task.flag.0.swap(false, Ordering::Acquire) {
                return true;
            }
            polled = true;
            let waker = Waker::from(Arc::clone(&task.flag));
            task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
        });
        if !polled {
            clock.advance_to_next();
        }
    }
    looks
}
// ANCHOR_END: run

fn main() {
    let (clock, polls) = (Clock::by_hand(), Polls::new());
    let visits = (1..=1_000).map(|number| clock.sleep(Duration::from_millis(number)));
    let tasks = visits
        .map(|visit| Task {
            future: Box::pin(polls.of(visit)),
            // Up: a task is polled once before anybody can wake it.
            flag: Arc::new(Flag(AtomicBool::new(true))),
        })
        .collect();
    let looks = run(tasks, &clock);
    println!("1000 visitors, 1000 wakes: {} polls, {looks} looks", polls.count());
}
