//! A first executor: futures can be added at any time, and at each wake it polls everybody.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_by_hand::Clock;
use proctor::count::Polls;

// ANCHOR: executor
type Tasks = Rc<RefCell<Vec<Pin<Box<dyn Future<Output = ()>>>>>>;

#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.swap(true, Ordering::Release);
    }
}

fn run(tasks: &Tasks, clock: &Clock) {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut context = Context::from_waker(&waker);
    loop {
        // Those that a poll adds are in `tasks` afterwards, and are asked in the same round.
        let mut asked = Vec::new();
        loop {
            let next = tasks.borrow_mut().pop();
            let Some(mut task) = next else { break };
            if task.as_mut().poll(&mut context).is_pending() {
                asked.push(task);
            }
        }
        if asked.is_empty() {
            return;
        }
        *tasks.borrow_mut() = asked;
        while !bell.0.swap(false, Ordering::Acquire) {
            clock.advance_to_next();
        }
    }
}
// ANCHOR_END: executor

// ANCHOR: main
fn main() {
    let (clock, polls, tasks) = (Clock::by_hand(), Polls::new(), Tasks::default());
    let (visits, counted, site) = (clock.clone(), polls.clone(), Rc::clone(&tasks));
    let host = async move {
        for number in 1..=1_000 {
            let visit = visits.sleep(Duration::from_millis(number));
            site.borrow_mut().push(Box::pin(counted.of(visit)));
        }
    };
    tasks.borrow_mut().push(Box::pin(host));
    run(&tasks, &clock);
    println!("1000 visitors, 1000 wakes: {} polls", polls.count());
}
// ANCHOR_END: main
