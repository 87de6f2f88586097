//! A third executor: a waker puts its task's number into a queue, and the loop takes numbers out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_by_hand::{Clock, join};
use proctor::count::Polls;

// ANCHOR: number
type Queue = Arc<Mutex<VecDeque<usize>>>;

struct Number {
    number: usize,
    queue: Queue,
}

impl Wake for Number {
    fn wake(self: Arc<Self>) {
        self.queue.lock().unwrap().push_back(self.number);
    }
}
// ANCHOR_END: number

// ANCHOR: run
type Task = Pin<Box<dyn Future<Output = ()>>>;

fn run(tasks: impl Iterator<Item = Task>, clock: &Clock) -> usize {
    let mut tasks: Vec<_> = tasks.map(Some).collect();
    let queue = Queue::new(Mutex::new((0..tasks.len()).collect()));
    let (mut looks, mut left) = (0, tasks.len());
    while left > 0 {
        let next = queue.lock().unwrap().pop_front();
        let Some(number) = next else {
            clock.advance_to_next();
            continue;
        };
        looks += 1;
        let Some(task) = &mut tasks[number] else { continue };
        let waker = Waker::from(Arc::new(Number { number, queue: Arc::clone(&queue) }));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            tasks[number] = None;
            left -= 1;
        }
    }
    looks
}
// ANCHOR_END: run

fn main() {
    let (clock, polls) = (Clock::by_hand(), Polls::new());
    let visits = (1..=1_000).map(|number| clock.sleep(Duration::from_millis(number)));
    let looks = run(visits.map(|visit| Box::pin(polls.of(visit)) as Task), &clock);
    println!("1000 visitors, 1000 wakes: {} polls, {looks} looks", polls.count());

    // ANCHOR: guide
    let polls = Polls::new();
    let noon = join((0..3).map(|_| clock.sleep(Duration::from_secs(12))));
    let last = clock.sleep(Duration::from_secs(13));
    let guide = polls.of(async {
        noon.await;
        last.await;
    });
    run([Box::pin(guide) as Task].into_iter(), &clock);
    println!("a guide who waits for three things at noon: {} polls", polls.count());
    // ANCHOR_END: guide
}
