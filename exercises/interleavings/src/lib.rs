//! Runs a test in every order in which its threads can take turns.
//!
//! A race that shows once in a million runs is no use to a test.
//! Shuttle's threads take turns under a scheduler that the test commands: a turn can end at every lock, atomic, channel,
//! spawn and join of `shuttle::sync` and `shuttle::thread`, and nowhere else.
//! [`every`] tries the orders of turns one after another until none is left; [`some`] tries as many as it is told,
//! for programs with too many orders to try, and [`shuffled`] draws each turn.
//! All try the same orders each time, so an answer that fails once fails always.
//!
//! A failure becomes one panic at the line of the test that called, with a message for the person whose code it is:
//! which order failed, the turns in it, and for a deadlock, that it is one.
//!
//! It leaves out weak memory: Shuttle treats every atomic operation as `SeqCst`, so an ordering that is too relaxed passes here.
//! It leaves out time as well: a Shuttle `sleep` is a turn handed over.
//!
//! One thing to avoid: in Shuttle 0.9, a scoped thread that ends while its `scope`'s body is blocked wakes the body, whatever that waits for.
//! Tests whose main thread blocks use `spawn` and `Arc`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use shuttle::scheduler::{
    DfsScheduler, PctScheduler, RoundRobinScheduler, Schedule, Scheduler, Task, TaskId,
};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

/// Where the search of [`every`] ends if the orders do not.
const MOST_ORDERS: usize = 5_000;

/// How many turns one run of [`every`] may take, and one of [`some`].
/// Threads that go round in circles, each undoing its step because the other is in the way,
/// have runs without end among their orders; such a run is left, and the next begins.
const MOST_TURNS: usize = 150;
const MOST_TURNS_OF_SOME: usize = 1_000;

/// After so many runs without end, [`every`] gives up the search and tries this many orders as [`some`] does.
const MOST_CUT_SHORT: usize = 20;
const ORDERS_INSTEAD: usize = 500;

/// How many threads may be preempted out of turn in one run of [`some`].
const PREEMPTIONS: usize = 3;

/// What is said of a deadlock of which nothing more is known.
const WHOSE_WAIT: &str =
    "Ask of each wait who ends it, and what that thread is waiting for itself.";

/// Of the turns of a failed run, how many the message shows.
const TURNS_SHOWN: usize = 40;

/// Any number would do, as long as it is the same each time.
const SEED: u64 = 0xC0FF_EE07_1DE0_0005;

/// Runs `test` once for every order in which its threads can take turns, up to 5,000 orders.
///
/// A thread that calls `yield_now` gets its next turn after another thread's, if another can run.
///
/// # Panics
///
/// If one order makes `test` panic, or leaves all its threads waiting for one another.
#[track_caller]
pub fn every(test: impl Fn() + Send + Sync + 'static) {
    every_explained(WHOSE_WAIT, test);
}

/// As [`every`], for a test that knows what it means when all threads wait: `deadlock` ends the message then.
///
/// # Panics
///
/// As [`every`].
#[track_caller]
pub fn every_explained(deadlock: &str, test: impl Fn() + Send + Sync + 'static) {
    let test = Arc::new(test);
    let cut_short = Arc::new(AtomicUsize::new(0));
    let choices = Arc::new(AtomicBool::new(false));
    let scheduler = Patient {
        search: DfsScheduler::new(Some(MOST_ORDERS), false),
        turns: 0,
        cut_short: Arc::clone(&cut_short),
        choices: Arc::clone(&choices),
    };
    let searched = Arc::clone(&test);
    check(scheduler, MOST_TURNS, deadlock, move || searched());
    // A thread that is alone has one order only, which was run.
    if cut_short.load(Ordering::Relaxed) > 0 && choices.load(Ordering::Relaxed) {
        let scheduler = PctScheduler::new_from_seed(SEED, PREEMPTIONS, ORDERS_INSTEAD);
        check(scheduler, MOST_TURNS_OF_SOME, deadlock, move || test());
    }
}

/// Runs `test` in `orders` of the orders in which its threads can take turns.
///
/// Threads get random priorities, and a few random points at which the running one gives way:
/// most races need two or three such points, which is why a few thousand orders find what millions of plain runs do not
/// (Burckhardt and others, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).
/// The seed is fixed: the same orders each time.
///
/// # Panics
///
/// If one order makes `test` panic, or leaves all its threads waiting for one another.
#[track_caller]
pub fn some(orders: usize, test: impl Fn() + Send + Sync + 'static) {
    let scheduler = PctScheduler::new_from_seed(SEED, PREEMPTIONS, orders);
    check(scheduler, MOST_TURNS_OF_SOME, WHOSE_WAIT, test);
}

/// Runs `test` in `orders` orders in which each turn goes to whoever is drawn.
///
/// For races that need one thread to be interrupted again and again, which the few points of [`some`] do not reach.
/// The seed is fixed: the same orders each time.
///
/// # Panics
///
/// If one order makes `test` panic, or leaves all its threads waiting for one another.
#[track_caller]
pub fn shuffled(orders: usize, test: impl Fn() + Send + Sync + 'static) {
    check(Shuffled { orders, drawn: SEED }, MOST_TURNS_OF_SOME, WHOSE_WAIT, test);
}

/// Draws each turn. Shuttle's `RandomScheduler` does so too, and prints its seed when a run fails.
struct Shuffled {
    /// How many runs are left.
    orders: usize,
    drawn: u64,
}

impl Scheduler for Shuffled {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.orders = self.orders.checked_sub(1)?;
        Some(Schedule::new(self.drawn))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        _current: Option<TaskId>,
        _is_yielding: bool,
    ) -> Option<TaskId> {
        let place = (self.next_u64() >> 33) as usize % runnable.len().max(1);
        runnable.get(place).map(|task| task.id())
    }

    fn next_u64(&mut self) -> u64 {
        // Marsaglia's xorshift: enough to shuffle with.
        self.drawn ^= self.drawn << 13;
        self.drawn ^= self.drawn >> 7;
        self.drawn ^= self.drawn << 17;
        self.drawn
    }
}

/// A search that copes with threads that ask again and again for what only another can give.
///
/// It gives no turn to a thread that has just yielded, if there is another to give it to,
/// and it ends when too many runs were so long that they had to be cut short.
struct Patient<S> {
    search: S,
    turns: usize,
    cut_short: Arc<AtomicUsize>,
    /// There was a turn that more than one thread could have had.
    choices: Arc<AtomicBool>,
}

impl<S: Scheduler> Scheduler for Patient<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.turns >= MOST_TURNS {
            let before = self.cut_short.fetch_add(1, Ordering::Relaxed);
            if before + 1 == MOST_CUT_SHORT {
                return None;
            }
        }
        self.turns = 0;
        self.search.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.turns += 1;
        if runnable.len() > 1 {
            self.choices.store(true, Ordering::Relaxed);
        }
        let others: Vec<&Task> = runnable
            .iter()
            .copied()
            .filter(|task| !is_yielding || Some(task.id()) != current)
            .collect();
        let runnable = if others.is_empty() { runnable } else { &others };
        self.search.next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.search.next_u64()
    }
}

/// The turns of a run: the number of the thread that had each.
type Turns = Arc<Mutex<Vec<usize>>>;

/// Writes down whose turn it is.
struct Noting<S> {
    scheduler: S,
    turns: Turns,
}

impl<S: Scheduler> Scheduler for Noting<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.scheduler.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let next = self.scheduler.next_task(runnable, current, is_yielding);
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.extend(next.map(usize::from));
        next
    }

    fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }
}

/// The last turns of a run, for people.
fn story(turns: &[usize]) -> String {
    let shown = &turns[turns.len().saturating_sub(TURNS_SHOWN)..];
    let begin = if shown.len() < turns.len() { "… " } else { "" };
    let numbers: Vec<String> = shown.iter().map(ToString::to_string).collect();
    format!("{begin}{}", numbers.join(" "))
}

#[track_caller]
fn check(
    scheduler: impl Scheduler + 'static,
    most_turns: usize,
    deadlock: &str,
    test: impl Fn() + Send + Sync + 'static,
) {
    take_over_the_panic_hook();
    let order = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&order);
    let turns = Turns::default();
    let scheduler = Noting { scheduler, turns: Arc::clone(&turns) };
    RECORDING.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        Runner::new(scheduler, config(most_turns)).run(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            test();
        });
    }));
    RECORDING.set(false);
    let places = PLACES.take();
    if let Err(payload) = outcome {
        let what = describe(payload.as_ref(), &places, deadlock);
        let order = order.load(Ordering::Relaxed);
        let turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Where nobody else has had a turn, the order is not what is wrong.
        let when = if turns.iter().all(|thread| *thread == 0) {
            String::new()
        } else {
            format!(
                "\n(This happened in order {order} of the orders in which the threads can take turns. \
                 Whose turn it was, with 0 for the test and 1 for the first thread that was started: {}.)",
                story(&turns)
            )
        };
        panic!("{what}{when}");
    }
}

/// The failure in words for the learner: what the payload says, and where it was thrown.
fn describe(payload: &(dyn Any + Send), places: &[(String, String)], deadlock: &str) -> String {
    let message = text_of(payload);
    if message.starts_with("deadlock! task") {
        return String::from(
            "Deadlock: a thread locks a mutex that it holds already. It waits for itself, and nobody can help it.",
        );
    }
    if message.starts_with("deadlock!") {
        let blocked = message.matches("(task ").count();
        let threads = match blocked {
            0 | 1 => String::from("a thread waits"),
            n => format!("{n} threads wait"),
        };
        return format!(
            "Deadlock: {threads}, and no thread is left that could wake them. {deadlock}"
        );
    }
    let place = places.iter().rev().find(|(said, _)| *said == message);
    match place {
        Some((_, place)) => format!("{message}\n(This is {place}.)"),
        None => message,
    }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        String::from("a thread panicked with a payload that is no text")
    }
}

fn config(most_turns: usize) -> Config {
    let mut config = Config::new();
    // A backtrace of a panic needs more than Shuttle's 60 kB.
    config.stack_size = 256 * 1024;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::ContinueAfter(most_turns);
    config.silence_warnings = true;
    config
}

thread_local! {
    /// Whether this thread is inside [`check`]: all of Shuttle's threads run on the one that called it.
    static RECORDING: Cell<bool> = const { Cell::new(false) };
    /// What the panics of the present check said, and where, the last few only.
    static PLACES: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Shuttle prints the schedule at every panic, also at one that the tested code catches, in each of thousands of runs.
/// Its hook is installed by its first run; after that ours takes its place, which keeps quiet until the check is over.
fn take_over_the_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ours = panic::take_hook();
        Runner::new(RoundRobinScheduler::new(1), config(MOST_TURNS)).run(|| {});
        drop(panic::take_hook());
        panic::set_hook(Box::new(move |info| {
            if RECORDING.get() {
                remember(info);
            } else {
                ours(info);
            }
        }));
    });
}

fn remember(info: &PanicHookInfo<'_>) {
    const KEPT: usize = 8;
    let Some(location) = info.location() else {
        return;
    };
    let said = info.payload_as_str().unwrap_or_default().to_owned();
    PLACES.with_borrow_mut(|places| {
        if places.len() == KEPT {
            places.remove(0);
        }
        let file = Path::new(location.file());
        let file = file.file_name().unwrap_or(file.as_os_str());
        let place = format!("line {} of {}", location.line(), file.display());
        places.push((said, place));
    });
}
