//! The state word and the inbox under Loom: orders of turns, and the values that weak memory lets a load see.
//!
//! The two modules are compiled once more here, with Loom's types in the place of the standard library's.

/// Stands in for the library's module of this name.
mod sync {
    pub use loom::sync::Mutex;
    pub use loom::sync::atomic::{AtomicU8, Ordering};
}
#[path = "../src/inbox.rs"]
mod inbox;
#[path = "../src/state.rs"]
mod state;

use std::collections::VecDeque;
use std::sync::Arc as Plain;
use std::task::{Wake, Waker};

use inbox::Inbox;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;
use state::State;

/// A task that waits for a number of things, each of which is noted without any synchronization but the wake itself.
struct Task {
    state: State,
    inbox: Inbox,
    told: Vec<UnsafeCell<bool>>,
    tells: Vec<AtomicBool>,
}

struct Interrupt(Notify);

impl Wake for Interrupt {
    fn wake(self: Plain<Self>) {
        self.0.notify();
    }
}

impl Task {
    fn wake(&self) {
        if self.state.wake() {
            self.inbox.push(0);
        }
    }
}

/// The executor's loop, cut down to one task. Returns the number of polls.
fn run(task: &Task, interrupt: &Interrupt, mut poll: impl FnMut() -> bool) -> usize {
    let mut ready = VecDeque::new();
    let mut polls = 0;
    loop {
        while ready.pop_front().is_some() {
            polls += 1;
            if task.state.begin() {
                task.state.finish();
                return polls;
            }
            if poll() {
                task.state.finish();
                return polls;
            }
            if task.state.pause() {
                ready.push_back(0);
            }
        }
        if task.inbox.sleep() {
            interrupt.0.wait();
        }
        task.inbox.take(&mut ready);
    }
}

fn task(things: usize) -> (Arc<Task>, Plain<Interrupt>) {
    let interrupt = Plain::new(Interrupt(Notify::new()));
    let task = Task {
        state: State::new(),
        inbox: Inbox::new(Waker::from(Plain::clone(&interrupt))),
        told: (0..things).map(|_| UnsafeCell::new(false)).collect(),
        tells: (0..things).map(|_| AtomicBool::new(false)).collect(),
    };
    (Arc::new(task), interrupt)
}

/// Tries all orders with three preemptions at most, which is where such mistakes show; without the bound the search takes minutes.
fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

#[test]
fn no_wake_is_lost_and_none_is_answered_twice() {
    model(|| {
        let (task, interrupt) = task(2);
        for thing in 0..2 {
            let task = Arc::clone(&task);
            thread::spawn(move || {
                task.tells[thing].store(true, Ordering::Relaxed);
                task.wake();
            });
        }
        task.wake();
        let polls =
            run(&task, &interrupt, || task.tells.iter().all(|told| told.load(Ordering::Relaxed)));
        assert!((1..=3).contains(&polls), "one poll for each wake at most, not {polls}");
    });
}

#[test]
fn a_poll_sees_what_was_written_before_the_wake() {
    model(|| {
        let (task, interrupt) = task(1);
        let other = Arc::clone(&task);
        thread::spawn(move || {
            // No atomic: Loom reports a data race if the wake does not order the two accesses.
            other.told[0].with_mut(|told| {
                // SAFETY: Loom's pointer to a live value; Loom checks that nobody else uses it meanwhile.
                unsafe { *told = true }
            });
            other.wake();
        });
        // SAFETY: as above.
        let polls = run(&task, &interrupt, || task.told[0].with(|told| unsafe { *told }));
        assert_eq!(polls, 1);
    });
}

#[test]
fn an_abort_and_a_wake_together_end_the_task_once() {
    model(|| {
        let (task, interrupt) = task(1);
        let aborter = Arc::clone(&task);
        thread::spawn(move || {
            if aborter.state.abort() {
                aborter.inbox.push(0);
            }
        });
        let waker = Arc::clone(&task);
        thread::spawn(move || waker.wake());
        // The future never ends by itself.
        let polls = run(&task, &interrupt, || false);
        assert!(polls <= 2, "a turn for the wake and one for the abort at most, not {polls}");
        assert!(!task.state.wake() && !task.state.abort(), "nobody queues a task that has ended");
    });
}

#[test]
fn an_abort_beside_the_last_turn_ends_the_task_once_and_leaves_nothing_in_the_queue() {
    model(|| {
        let (task, interrupt) = task(0);
        task.wake();
        let aborter = Arc::clone(&task);
        let other = thread::spawn(move || {
            let queues = aborter.state.abort();
            if queues {
                aborter.inbox.push(0);
            }
            queues
        });
        // The future ends in its first turn; whoever joins it is told when the turn is over.
        let mut polled = 0;
        let turns = run(&task, &interrupt, || {
            polled += 1;
            true
        });
        assert_eq!(turns, 1, "the last turn is the first");
        assert!(polled <= 1);
        assert!(task.state.is_done(), "the handle would wait for ever");
        // Queued before by the wake, running, or over: there is no moment at which the abort must queue the task.
        assert!(!other.join().unwrap(), "a task that has ended was queued");
        assert!(!task.state.wake() && !task.state.abort(), "nobody queues a task that has ended");
    });
}
