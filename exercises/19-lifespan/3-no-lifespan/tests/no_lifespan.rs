//! Applications with a lifespan, without, and with half of one.

use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway::{App, Error, Failure, Receive, ReceiveEvent, Scope, SendEvent, Sender};
use no_lifespan::{Config, Farewell, Mode, NotStarted, Served, run};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);
/// How long `serve` takes, unless something else is said.
const SERVED: Duration = Duration::from_secs(10);

fn config(mode: Mode) -> Config {
    Config { mode, startup: Duration::from_mins(1), shutdown: Duration::from_secs(5) }
}

/// How an application begins its lifespan call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// It declines, as `scope.unsupported()` says it.
    Declines,
    /// It fails with an error of its own, after two seconds in which it has stored something.
    Fails,
    /// It panics, after two seconds.
    Panics,
    /// It returns without having received anything.
    Returns,
    /// It receives `lifespan.startup`, and returns without an answer.
    Hears,
    /// It says that it has failed, after two seconds, and returns.
    SaysFailed,
    /// It says so, and returns an error.
    SaysFailedAndFails,
    /// It says so, and panics.
    SaysFailedAndPanics,
    /// It says so, and does not return.
    SaysFailedAndStays,
    /// It says nothing.
    Silent,
    /// It is ready after so many seconds.
    Ready(u64),
}

/// What it does when it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It waits for the shutdown, and answers after so many seconds.
    PutsAway(u64),
    /// It waits for the shutdown, answers after a second, and does not return.
    PutsAwayAndStays,
    /// It works meanwhile, once a second.
    Works,
    /// It returns after so many seconds.
    Leaves(u64),
    /// It returns an error after so many seconds.
    Dies(u64),
    /// It panics after so many seconds.
    Panics(u64),
    /// It waits for the shutdown, and says a second later that it has failed.
    SaysFailed,
    /// It says so, and returns an error.
    SaysFailedAndDies,
    /// It waits for the shutdown, and returns an error a second later.
    DiesAtTheEnd,
    /// It waits for the shutdown, and returns a second later without an answer.
    LeavesAtTheEnd,
    /// It waits for the shutdown, and says nothing.
    Silent,
}

impl fmt::Display for Start {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Declines => "declines it by an error, as `scope.unsupported()` says it",
            Self::Fails => "stores something, and returns an error of its own two seconds later",
            Self::Panics => "panics after two seconds",
            Self::Returns => "returns Ok without having received anything",
            Self::Hears => "receives lifespan.startup, and returns Ok without an answer",
            Self::SaysFailed => "says lifespan.startup.failed, and returns",
            Self::SaysFailedAndFails => "says lifespan.startup.failed, and returns an error",
            Self::SaysFailedAndPanics => "says lifespan.startup.failed, and panics",
            Self::SaysFailedAndStays => "says lifespan.startup.failed, and does not return",
            Self::Silent => "says nothing, and does not return",
            Self::Ready(seconds) => {
                return write!(formatter, "is ready after {seconds} s");
            }
        })
    }
}

impl fmt::Display for Then {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::PutsAwayAndStays => "answers lifespan.shutdown after a second, and does not return",
            Self::Works => "works once a second until lifespan.shutdown, and answers that",
            Self::SaysFailed => "says lifespan.shutdown.failed a second after lifespan.shutdown",
            Self::SaysFailedAndDies => "says lifespan.shutdown.failed a second after lifespan.shutdown, and returns an error",
            Self::DiesAtTheEnd => "returns an error a second after lifespan.shutdown",
            Self::LeavesAtTheEnd => "returns Ok a second after lifespan.shutdown, without an answer",
            Self::Silent => "says nothing to lifespan.shutdown, and does not return",
            Self::PutsAway(seconds) => {
                return write!(formatter, "answers lifespan.shutdown after {seconds} s");
            }
            Self::Leaves(seconds) => return write!(formatter, "returns Ok after {seconds} s"),
            Self::Dies(seconds) => return write!(formatter, "returns an error after {seconds} s"),
            Self::Panics(seconds) => return write!(formatter, "panics after {seconds} s"),
        })
    }
}

/// An application, and what it has seen.
#[derive(Debug)]
struct Site {
    start: Start,
    then: Then,
    seen: Seen,
}

#[derive(Debug, Clone)]
struct Seen {
    began: Instant,
    words: Arc<Mutex<Vec<String>>>,
    calls: Arc<AtomicUsize>,
    living: Arc<AtomicUsize>,
    worked: Arc<AtomicUsize>,
}

impl Seen {
    fn note(&self, word: &str) {
        let word = format!("{word} at {:?}", self.began.elapsed());
        self.words.lock().unwrap_or_else(PoisonError::into_inner).push(word);
    }
}

/// A call, until it is dropped.
struct Living(Arc<AtomicUsize>);

impl Drop for Living {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the application stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pool(&'static str);

const NO_WATER: &str = "there is no water";

async fn fails(send: &Sender) -> Result<(), Error> {
    Ok(send.send(SendEvent::LifespanStartupFailed(NO_WATER.to_owned())).await?)
}

impl App for Site {
    async fn call(&self, scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
        let Scope::Lifespan(scope) = &scope else { panic!("there are no requests here") };
        self.seen.calls.fetch_add(1, Ordering::Relaxed);
        self.seen.living.fetch_add(1, Ordering::Relaxed);
        let _living = Living(Arc::clone(&self.seen.living));
        match self.start {
            Start::Declines => return Err(Scope::from(scope.clone()).unsupported().into()),
            Start::Fails => {
                scope.state.insert(Pool("half"));
                sleep(2 * SECOND).await;
                return Err("'lifespan' has no path".into());
            }
            Start::Panics => {
                sleep(2 * SECOND).await;
                panic!("'lifespan' has no path");
            }
            Start::Returns => return Ok(()),
            _ => {}
        }
        while receive.next().await != ReceiveEvent::LifespanStartup {}
        self.seen.note("startup");
        match self.start {
            Start::Hears => return Ok(()),
            Start::Silent => pending().await,
            Start::Ready(seconds) => sleep(Duration::from_secs(seconds)).await,
            _ => sleep(2 * SECOND).await,
        }
        match self.start {
            Start::SaysFailed => return fails(&send).await,
            Start::SaysFailedAndFails => {
                fails(&send).await?;
                return Err("and this is the traceback".into());
            }
            Start::SaysFailedAndPanics => {
                fails(&send).await?;
                panic!("and this is the traceback");
            }
            Start::SaysFailedAndStays => {
                fails(&send).await?;
                pending::<()>().await;
            }
            _ => {}
        }
        scope.state.insert(Pool("full"));
        send.send(SendEvent::LifespanStartupComplete).await?;
        self.goes_on(receive, &send).await
    }
}

impl Site {
    async fn goes_on(&self, mut receive: Receive, send: &Sender) -> Result<(), Error> {
        match self.then {
            Then::Leaves(seconds) => {
                sleep(Duration::from_secs(seconds)).await;
                return Ok(());
            }
            Then::Dies(seconds) => {
                sleep(Duration::from_secs(seconds)).await;
                return Err("the pump broke".into());
            }
            Then::Panics(seconds) => {
                sleep(Duration::from_secs(seconds)).await;
                panic!("the pump broke");
            }
            Then::Works => loop {
                tokio::select! {
                    biased;
                    _ = receive.next() => break,
                    () = sleep(SECOND) => self.seen.worked.fetch_add(1, Ordering::Relaxed),
                };
            },
            _ => {
                receive.next().await;
            }
        }
        self.seen.note("shutdown");
        match self.then {
            Then::PutsAway(seconds) => sleep(Duration::from_secs(seconds)).await,
            Then::Silent => pending().await,
            _ => sleep(SECOND).await,
        }
        match self.then {
            Then::SaysFailed | Then::SaysFailedAndDies => {
                let why = NO_WATER.to_owned();
                send.send(SendEvent::LifespanShutdownFailed(why)).await?;
            }
            Then::DiesAtTheEnd => return Err("the pump broke".into()),
            Then::LeavesAtTheEnd => return Ok(()),
            _ => send.send(SendEvent::LifespanShutdownComplete).await?,
        }
        match self.then {
            Then::SaysFailedAndDies => Err("and this is the traceback".into()),
            Then::PutsAwayAndStays => pending().await,
            _ => Ok(()),
        }
    }
}

/// What `run` did.
struct Ran {
    /// Its result, in words.
    result: String,
    /// When it returned.
    at: Duration,
    seen: Seen,
}

impl Ran {
    /// What happened, in order.
    fn words(&self) -> Vec<String> {
        self.seen.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `farewell`, or why there was nothing to say it for.
fn in_words<T: fmt::Display>(result: Result<Served<T>, NotStarted>) -> String {
    let failure = |failure| match failure {
        Failure::NoResponse | Failure::Unfinished => "it returned without an answer".to_owned(),
        failure => failure.to_string(),
    };
    match result {
        Err(NotStarted::Failed(why)) => format!("NotStarted::Failed({why})"),
        Err(NotStarted::Unsupported(why)) => {
            format!("NotStarted::Unsupported({})", failure(why))
        }
        Err(NotStarted::Late) => "NotStarted::Late".to_owned(),
        Ok(Served { value, farewell }) => {
            let farewell = match farewell {
                Farewell::None => "None".to_owned(),
                Farewell::Complete => "Complete".to_owned(),
                Farewell::Failed(why) => format!("Failed({why})"),
                Farewell::Died(why) => format!("Died({})", failure(why)),
                Farewell::Late => "Late".to_owned(),
            };
            format!("served {value}, Farewell::{farewell}")
        }
    }
}

/// Runs an application, and serves for so long.
async fn run_for(start: Start, then: Then, config: Config, time: Duration) -> Ran {
    let seen = Seen {
        began: Instant::now(),
        words: Arc::default(),
        calls: Arc::default(),
        living: Arc::default(),
        worked: Arc::default(),
    };
    let site = Site { start, then, seen: seen.clone() };
    let serve = |state: gateway::State| {
        let seen = seen.clone();
        async move {
            seen.note("serve");
            sleep(time).await;
            seen.note("served");
            match state.get::<Pool>() {
                Some(Pool(pool)) => format!("with a {pool} pool"),
                None => "without a pool".to_owned(),
            }
        }
    };
    let ran = timeout(7 * DAY, run(&site, config, serve)).await;
    let Ok(result) = ran else {
        let words = seen.words.lock().unwrap_or_else(PoisonError::into_inner).join(", ");
        panic!(
            "a week later, `run` has not returned for an application that {start} (once it is ready, it {then}), with {:?}; what has happened: {words}",
            config.mode
        )
    };
    let at = seen.began.elapsed();
    proctor::expect_eq!(
        seen.living.load(Ordering::Relaxed),
        0,
        "how many lifespan calls still exist when `run` has returned, for an application that {start} (once it is ready, it {then})"
    );
    Ran { result: in_words(result), at, seen }
}

async fn run_site(start: Start, then: Then, mode: Mode) -> Ran {
    run_for(start, then, config(mode), SERVED).await
}

const ASKED: [Mode; 2] = [Mode::Auto, Mode::On];
const GOOD: Start = Start::Ready(2);

#[test]
fn one_that_starts_is_served_and_stopped() {
    proctor::watch_async(async {
        for mode in ASKED {
            let ran = run_site(GOOD, Then::PutsAway(1), mode).await;
            proctor::expect_eq!(
                ran.result,
                "served with a full pool, Farewell::Complete",
                "what `run` returned for an application with a lifespan, with {mode:?}"
            );
            proctor::expect_eq!(
                ran.words(),
                ["startup at 0ns", "serve at 2s", "served at 12s", "shutdown at 12s"],
                "what happened, where the application needs two seconds to start"
            );
            proctor::expect_eq!(
                ran.at,
                13 * SECOND,
                "when `run` returned, where the application needs another second to stop"
            );
        }
    });
}

#[test]
fn each_bound_is_for_one_answer() {
    proctor::watch_async(async {
        let then = Then::PutsAway(4);
        let ran = run_for(Start::Ready(59), then, config(Mode::On), 2 * DAY).await;
        proctor::expect_eq!(
            ran.result,
            "served with a full pool, Farewell::Complete",
            "what `run` returned, where start-up takes 59 s of 60, `serve` two days, and shutdown 4 s of 5"
        );
        proctor::expect_eq!(ran.at, 2 * DAY + 63 * SECOND, "when");
    });
}

#[test]
fn one_without_lifespan_is_served() {
    proctor::watch_async(async {
        for (start, seconds) in
            [(Start::Declines, 0), (Start::Returns, 0), (Start::Hears, 0), (Start::Fails, 2)]
        {
            let ran = run_site(start, Then::Silent, Mode::Auto).await;
            proctor::expect_eq!(
                ran.result,
                "served without a pool, Farewell::None",
                "what `run` returned with Auto, for an application that {start}"
            );
            proctor::expect_eq!(
                ran.at,
                SERVED + Duration::from_secs(seconds),
                "when `run` returned, where `serve` takes ten seconds, and the call ended after {seconds}"
            );
        }
    });
}

#[test]
fn one_that_panics_has_no_lifespan() {
    proctor::watch_async(async {
        let ran = run_site(Start::Panics, Then::Silent, Mode::Auto).await;
        proctor::expect_eq!(
            ran.result,
            "served without a pool, Farewell::None",
            "what `run` returned with Auto, for an application that panics at a lifespan scope"
        );
        proctor::expect_eq!(ran.at, SERVED + 2 * SECOND, "when");
        let ran = run_site(Start::Panics, Then::Silent, Mode::On).await;
        proctor::expect_eq!(
            ran.result,
            "NotStarted::Unsupported(the application panicked: 'lifespan' has no path)",
            "what `run` returned for the same one with On"
        );
    });
}

#[test]
fn one_without_lifespan_is_not_served_where_it_must_have_one() {
    proctor::watch_async(async {
        for (start, seconds, why) in [
            (
                Start::Declines,
                0,
                "the application failed: this application does not speak lifespan",
            ),
            (Start::Returns, 0, "it returned without an answer"),
            (Start::Hears, 0, "it returned without an answer"),
            (Start::Fails, 2, "the application failed: 'lifespan' has no path"),
        ] {
            let ran = run_site(start, Then::Silent, Mode::On).await;
            proctor::expect_eq!(
                ran.result,
                format!("NotStarted::Unsupported({why})"),
                "what `run` returned with On, for an application that {start}"
            );
            proctor::expect_eq!(ran.at, Duration::from_secs(seconds), "when");
            assert!(
                !ran.words().iter().any(|word| word.starts_with("serve")),
                "`run` has returned NotStarted, and `serve` was called: {:?}",
                ran.words()
            );
        }
    });
}

#[test]
fn one_that_is_not_asked_is_not_called() {
    proctor::watch_async(async {
        for start in [GOOD, Start::SaysFailed, Start::Silent, Start::Declines] {
            let ran = run_site(start, Then::Silent, Mode::Off).await;
            proctor::expect_eq!(
                ran.result,
                "served without a pool, Farewell::None",
                "what `run` returned with Off"
            );
            proctor::expect_eq!(
                ran.seen.calls.load(Ordering::Relaxed),
                0,
                "how often the application was called, with Off"
            );
            proctor::expect_eq!(ran.at, SERVED, "when `run` returned with Off");
        }
    });
}

#[test]
fn one_that_cannot_start_is_not_served() {
    proctor::watch_async(async {
        for start in [Start::SaysFailed, Start::SaysFailedAndFails, Start::SaysFailedAndStays] {
            for mode in ASKED {
                let ran = run_site(start, Then::Silent, mode).await;
                proctor::expect_eq!(
                    ran.result,
                    format!("NotStarted::Failed({NO_WATER})"),
                    "what `run` returned with {mode:?}, for an application that {start}"
                );
                proctor::expect_eq!(
                    ran.at,
                    2 * SECOND,
                    "when `run` returned, where the application has said after two seconds that it cannot start"
                );
                proctor::expect_eq!(
                    ran.words(),
                    ["startup at 0ns"],
                    "what happened, where nobody may be served"
                );
            }
        }
    });
}

#[test]
fn one_that_cannot_start_and_panics_is_not_served_either() {
    proctor::watch_async(async {
        for mode in ASKED {
            let ran = run_site(Start::SaysFailedAndPanics, Then::Silent, mode).await;
            proctor::expect_eq!(
                ran.result,
                format!("NotStarted::Failed({NO_WATER})"),
                "what `run` returned with {mode:?}, for an application that has said that it cannot start, and then panics"
            );
        }
    });
}

#[test]
fn silence_is_not_a_no() {
    proctor::watch_async(async {
        for mode in ASKED {
            for start in [Start::Silent, Start::Ready(61)] {
                let ran = run_site(start, Then::PutsAway(1), mode).await;
                proctor::expect_eq!(
                    ran.result,
                    "NotStarted::Late",
                    "what `run` returned with {mode:?}, for an application that {start}"
                );
                proctor::expect_eq!(
                    ran.at,
                    Duration::from_mins(1),
                    "when `run` returned, with a bound of one minute"
                );
                proctor::expect_eq!(
                    ran.words(),
                    ["startup at 0ns"],
                    "what happened, where nobody may be served"
                );
            }
        }
    });
}

#[test]
fn the_lifespan_goes_on_while_others_are_served() {
    proctor::watch_async(async {
        let time = SERVED + SECOND / 2;
        let ran = run_for(GOOD, Then::Works, config(Mode::Auto), time).await;
        proctor::expect_eq!(
            ran.result,
            "served with a full pool, Farewell::Complete",
            "what `run` returned"
        );
        proctor::expect_eq!(
            ran.seen.worked.load(Ordering::Relaxed),
            10,
            "how often the lifespan call has worked, where it works once a second and `serve` takes ten and a half"
        );
    });
}

#[test]
fn one_that_leaves_has_nothing_to_put_away() {
    proctor::watch_async(async {
        for mode in ASKED {
            for seconds in [0, 3] {
                let ran = run_site(GOOD, Then::Leaves(seconds), mode).await;
                proctor::expect_eq!(
                    ran.result,
                    "served with a full pool, Farewell::Complete",
                    "what `run` returned with {mode:?}, where the lifespan call returns Ok {seconds} s after start-up was complete"
                );
                proctor::expect_eq!(
                    ran.at,
                    12 * SECOND,
                    "when `run` returned, where `serve` begins after two seconds and takes ten"
                );
            }
        }
    });
}

#[test]
fn one_that_dies_is_served_to_the_end() {
    proctor::watch_async(async {
        for mode in ASKED {
            for seconds in [0, 3] {
                let ran = run_site(GOOD, Then::Dies(seconds), mode).await;
                proctor::expect_eq!(
                    ran.result,
                    "served with a full pool, Farewell::Died(the application failed: the pump broke)",
                    "what `run` returned with {mode:?}, where the lifespan call fails {seconds} s after start-up was complete"
                );
                proctor::expect_eq!(
                    ran.at,
                    12 * SECOND,
                    "when `run` returned, where `serve` begins after two seconds and takes ten, and nobody is left who could answer"
                );
            }
        }
    });
}

#[test]
fn one_that_panics_later_is_served_to_the_end() {
    proctor::watch_async(async {
        let ran = run_site(GOOD, Then::Panics(3), Mode::Auto).await;
        proctor::expect_eq!(
            ran.result,
            "served with a full pool, Farewell::Died(the application panicked: the pump broke)",
            "what `run` returned, where the lifespan call panics three seconds after start-up was complete"
        );
        proctor::expect_eq!(ran.at, 12 * SECOND, "when");
    });
}

#[test]
fn a_shutdown_that_fails_is_said() {
    proctor::watch_async(async {
        for then in [Then::SaysFailed, Then::SaysFailedAndDies] {
            let ran = run_site(GOOD, then, Mode::Auto).await;
            proctor::expect_eq!(
                ran.result,
                format!("served with a full pool, Farewell::Failed({NO_WATER})"),
                "what `run` returned, for an application that {then}"
            );
            proctor::expect_eq!(ran.at, 13 * SECOND, "when");
        }
    });
}

#[test]
fn a_shutdown_without_an_answer_is_no_good_end() {
    proctor::watch_async(async {
        for (then, why) in [
            (Then::DiesAtTheEnd, "the application failed: the pump broke"),
            (Then::LeavesAtTheEnd, "it returned without an answer"),
        ] {
            let ran = run_site(GOOD, then, Mode::Auto).await;
            proctor::expect_eq!(
                ran.result,
                format!("served with a full pool, Farewell::Died({why})"),
                "what `run` returned, for an application that {then}"
            );
            proctor::expect_eq!(
                ran.at,
                13 * SECOND,
                "when `run` returned, where the call has ended a second after it was told of the shutdown"
            );
        }
    });
}

#[test]
fn a_shutdown_has_its_bound() {
    proctor::watch_async(async {
        for then in [Then::Silent, Then::PutsAway(6)] {
            let ran = run_site(GOOD, then, Mode::Auto).await;
            proctor::expect_eq!(
                ran.result,
                "served with a full pool, Farewell::Late",
                "what `run` returned, for an application that {then}"
            );
            proctor::expect_eq!(
                ran.at,
                17 * SECOND,
                "when `run` returned, where `serve` has ended after twelve seconds, and the bound is five"
            );
        }
    });
}

#[test]
fn who_has_answered_need_not_return() {
    proctor::watch_async(async {
        let ran = run_site(GOOD, Then::PutsAwayAndStays, Mode::Auto).await;
        proctor::expect_eq!(
            ran.result,
            "served with a full pool, Farewell::Complete",
            "what `run` returned, where the lifespan call has answered the shutdown, and does not return"
        );
        proctor::expect_eq!(
            ran.at,
            13 * SECOND,
            "when `run` returned, where the answer came a second after the shutdown"
        );
    });
}
