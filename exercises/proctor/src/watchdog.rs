//! The watchdog for code that blocks its thread.
//!
//! The body runs on a thread of its own, so that a body that never ends can be left behind:
//! a thread cannot be stopped from outside, but the test that started it can fail, and the process can end.
//!
//! Only the outermost functions are generic, and they box the body and its value:
//! what is generic is compiled anew for each test of each exercise, and starting a thread is a lot of code.

use std::any::Any;
use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::cpu;
use crate::threads::Meetings;

/// How long a test may take, unless `PROCTOR_SECONDS` says otherwise.
const BOUND: Duration = Duration::from_secs(5);

/// Runs a test's body, and fails the test if the body is not done in five seconds.
///
/// The body runs on a thread of its own that has the test's name.
/// Its value is returned, and its panics pass through as they are, with message and place,
/// so that a test reads the same inside `watch` as outside.
///
/// The environment variable `PROCTOR_SECONDS` sets another bound, in seconds: `PROCTOR_SECONDS=600` for a session with a debugger.
///
/// # Panics
///
/// When the body panics; and when it is not done in time, with a message that says what the thread was doing.
/// The thread is then left behind: it ends with the process, which it does not keep from ending.
#[track_caller]
pub fn watch<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let body_type = std::any::type_name_of_val(&body);
    unboxed(watch_boxed(body_type, Box::new(move || Box::new(body()))))
}

#[track_caller]
fn watch_boxed(body_type: &str, body: Body) -> Value {
    let name = test_name(body_type);
    match run(&name, body) {
        Ok(value) => value,
        Err(look) => panic!("{}", look.at_a_thread(&name)),
    }
}

/// A test's body.
pub(crate) type Body = Box<dyn FnOnce() -> Value + Send>;

/// What a test's body returns, whatever that is.
pub(crate) type Value = Box<dyn Any + Send>;

/// Gives a value that was boxed as a `T` back as what it is.
pub(crate) fn unboxed<T: 'static>(value: Value) -> T {
    match value.downcast() {
        Ok(value) => *value,
        Err(_) => unreachable!("it was boxed as what it is taken for"),
    }
}

/// What the watchdog saw of a thread that was not done in time.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// How long it waited.
    pub(crate) bound: Duration,
    /// Whether the thread used the processor in the second half of that; `None` where that cannot be known.
    pub(crate) busy: Option<bool>,
    /// Where threads of the test wait for each other.
    pub(crate) meetings: Meetings,
}

impl Look {
    /// `the_test hangs: after 5 s`, with which every message begins.
    pub(crate) fn heading(&self, name: &str) -> String {
        let seconds = self.bound.as_secs_f64();
        format!("{name} hangs: after {seconds} s")
    }

    fn at_a_thread(&self, name: &str) -> String {
        let heading = self.heading(name);
        let meetings = &self.meetings;
        let blocked = "a read that waits for more than will ever come, a lock that this thread or another holds already, \
             a `join` or `recv` whose other side never ends";
        let spinning = "a loop with no exit: a read's `Ok(0)` (the end of the input) that is not taken as the end, \
             an error that is tried again for ever, a position that is not moved on; \
             or for work that is done anew at each step";
        match self.busy {
            Some(false) => format!(
                "{heading} its thread is blocked: it waits, and uses no processor time.\n\
                 Some call never came back. Look for {blocked}.{meetings}"
            ),
            Some(true) => format!(
                "{heading} its thread spins: it runs all the time, and is not done.\n\
                 Look for {spinning}."
            ),
            None => format!(
                "{heading} its thread is not done.\n\
                 If it is blocked, look for {blocked}.\n\
                 If it spins, look for {spinning}.{meetings}"
            ),
        }
    }
}

/// Runs `body` on a thread of its own, called `name`; gives up when it is not done in time.
///
/// A panic of the body goes on in the caller.
pub(crate) fn run(name: &str, body: Body) -> Result<Value, Look> {
    let bound = bound();
    let meetings = Meetings::default();
    let (started, thread_and_end) = mpsc::channel();
    let handle = thread::Builder::new()
        .name(name.to_owned())
        .spawn({
            let meetings = meetings.clone();
            move || {
                meetings.of_this_thread();
                // The sender lives until the body is done: its end is what the watchdog waits for.
                let _ = started.send(cpu::Thread::current());
                let value = body();
                drop(started);
                value
            }
        })
        .expect("a test process can start one more thread");

    let mut thread = None;
    let mut used_by_half = None;
    for half in [true, false] {
        let end = loop {
            match thread_and_end.recv_timeout(bound / 2) {
                Ok(started) => thread = Some(started),
                Err(end) => break end,
            }
        };
        if end == RecvTimeoutError::Disconnected {
            return match handle.join() {
                Ok(value) => Ok(value),
                // The hook has printed message and place already; this prints nothing more.
                Err(payload) => panic::resume_unwind(payload),
            };
        }
        if half {
            used_by_half = thread.as_ref().and_then(cpu::Thread::used);
        }
    }
    let used = thread.as_ref().and_then(cpu::Thread::used);
    let busy = used_by_half.zip(used).map(|(before, after)| {
        // A blocked thread uses nothing. A spinning one uses what the other threads leave it.
        after.saturating_sub(before) * 50 >= bound / 2
    });
    Err(Look { bound, busy, meetings })
}

fn bound() -> Duration {
    let Ok(text) = std::env::var("PROCTOR_SECONDS") else {
        return BOUND;
    };
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|bound| !bound.is_zero())
        .unwrap_or_else(|| {
            panic!("PROCTOR_SECONDS must be a number of seconds above zero, like 20 or 0.5; it is `{text}`")
        })
}

/// The name of the test that runs.
///
/// The test harness gives each test's thread its name; with `--test-threads=1` there is no such thread,
/// and the name is taken from the body's type, `the_crate::the_test::{{closure}}`.
pub(crate) fn test_name(body: &str) -> String {
    match thread::current().name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => {
            let path = body.trim_end_matches("::{{closure}}");
            let path = path.split_once("::").map_or(path, |(_, path)| path);
            path.to_owned()
        }
    }
}
