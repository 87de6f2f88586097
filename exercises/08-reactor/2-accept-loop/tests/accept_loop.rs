//! A front door with a script, on Ebb's virtual clock.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use accept_loop::{Listener, serve};
use executor::{Ebb, Happening, Sleep, now, sleep, sleep_until};
use proctor::count::{Inside, Peak};

const EMFILE: i32 = 24;

/// What a guest's connection comes to.
#[derive(Debug, Clone, Copy)]
enum End {
    Good,
    Error,
    Panic,
}

/// What comes to the door.
#[derive(Debug, Clone, Copy)]
enum Arrival {
    /// Somebody with this name, who stays for so many milliseconds.
    Guest(&'static str, u64, End),
    /// The accept fails.
    Error(ErrorKind),
}

use Arrival::{Error, Guest};

/// An evening: who comes when, in milliseconds, in order.
#[derive(Clone)]
struct Evening {
    most: usize,
    arrivals: Vec<(u64, Arrival)>,
    /// Until then every accept of somebody fails, since no descriptor is left.
    descriptors_from: u64,
    shutdown: Option<u64>,
}

/// What came of it. Times are in milliseconds.
#[derive(Default)]
struct Report {
    /// Who was served from when on.
    began: Vec<(&'static str, u64)>,
    /// Whose connection was over when.
    ended: Vec<(&'static str, u64)>,
    /// When `poll_accept` had something to return.
    accepts: Vec<u64>,
    /// What `serve` has returned, and when, if it has.
    returned: Option<(Result<(), ErrorKind>, u64)>,
    /// How many were served at a time, at most.
    highest: usize,
}

fn milliseconds() -> u64 {
    u64::try_from(now().as_millis()).unwrap()
}

/// The connection of somebody who has come in.
struct Connection {
    name: &'static str,
    stays: u64,
    end: End,
    /// It is open as long as this is there.
    open: Inside,
}

struct Door {
    evening: Evening,
    arrivals: VecDeque<(u64, Arrival)>,
    open: Peak,
    report: Rc<RefCell<Report>>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Listener for Door {
    type Connection = Connection;

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Connection>> {
        let (open, most) = (self.open.inside(), self.evening.most);
        assert!(
            open < most,
            "`poll_accept` was called while {open} connections were open, of {most} at most: \
             wait for a place first, so that whoever comes waits in the kernel's queue"
        );
        let Some((at, arrival)) = self.arrivals.front().copied() else {
            // Nobody else comes tonight.
            return Poll::Pending;
        };
        if at > milliseconds() {
            let timer = Box::pin(sleep_until(Duration::from_millis(at)));
            let timer = self.timer.insert(timer);
            return timer.as_mut().poll(context).map(|()| unreachable!("the time has not come"));
        }
        let mut report = self.report.borrow_mut();
        report.accepts.push(milliseconds());
        let Guest(name, stays, end) = arrival else {
            self.arrivals.pop_front();
            let Error(kind) = arrival else { unreachable!("it is no guest") };
            return Poll::Ready(Err(kind.into()));
        };
        if milliseconds() < self.evening.descriptors_from {
            let here = report.accepts.iter().filter(|at| **at == milliseconds()).count();
            assert!(
                here < 20,
                "`poll_accept` was called 20 times at one time, and has returned EMFILE each time: \
                 there is no descriptor, and calling again at once makes none. Wait 50 ms"
            );
            return Poll::Ready(Err(io::Error::from_raw_os_error(EMFILE)));
        }
        self.arrivals.pop_front();
        let open = self.open.enter();
        report.highest = self.open.highest();
        Poll::Ready(Ok(Connection { name, stays, end, open }))
    }
}

/// A shutdown at this time.
struct Shutdown {
    at: Option<u64>,
    timer: Option<Pin<Box<Sleep>>>,
    is_done: bool,
}

impl Future for Shutdown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        assert!(
            !self.is_done,
            "`shutdown` was polled after it had returned `Ready`: most futures panic then"
        );
        let Some(at) = self.at else { return Poll::Pending };
        let timer =
            self.timer.get_or_insert_with(|| Box::pin(sleep_until(Duration::from_millis(at))));
        let outcome = timer.as_mut().poll(context);
        self.is_done = outcome.is_ready();
        outcome
    }
}

/// Long after the evening is over.
const LATE: u64 = 1_000_000;

impl Evening {
    fn new(most: usize, arrivals: &[(u64, Arrival)]) -> Self {
        Self { most, arrivals: arrivals.to_vec(), descriptors_from: 0, shutdown: None }
    }

    fn descriptors_from(self, descriptors_from: u64) -> Self {
        Self { descriptors_from, ..self }
    }

    fn shutdown(self, at: u64) -> Self {
        Self { shutdown: Some(at), ..self }
    }

    /// What becomes of it.
    fn report(self) -> Report {
        proctor::watch(move || {
            let mut ebb = Ebb::with_virtual_clock();
            let mut watchdog = proctor::VirtualWatch::new();
            ebb.watch(move |event| {
                let for_ever = matches!(event.what, Happening::Idles { until: None });
                watchdog.saw(event.at, for_ever);
            });
            let report = Rc::new(RefCell::new(Report::default()));
            let open = Peak::new();
            let door = Door {
                arrivals: self.arrivals.iter().copied().collect(),
                open: open.clone(),
                report: Rc::clone(&report),
                timer: None,
                evening: self.clone(),
            };
            let theirs = Rc::clone(&report);
            let handler = move |connection: Connection| {
                let report = Rc::clone(&theirs);
                async move {
                    let Connection { name, stays, end, open: _open } = connection;
                    report.borrow_mut().began.push((name, milliseconds()));
                    sleep(Duration::from_millis(stays)).await;
                    report.borrow_mut().ended.push((name, milliseconds()));
                    match end {
                        End::Good => Ok(()),
                        End::Error => Err(ErrorKind::ConnectionReset.into()),
                        // As `panic!`, and prints nothing.
                        End::Panic => {
                            std::panic::resume_unwind(Box::new("the handler has panicked"))
                        }
                    }
                }
            };
            let shutdown = Shutdown { at: self.shutdown, timer: None, is_done: false };
            ebb.block_on(async {
                let mut served = pin!(serve(door, self.most, shutdown, handler));
                let mut late = pin!(sleep_until(Duration::from_millis(LATE)));
                let returned = poll_fn(|context| match served.as_mut().poll(context) {
                    Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                    Poll::Pending => late.as_mut().poll(context).map(|()| None),
                })
                .await;
                if let Some(outcome) = returned {
                    let at = milliseconds();
                    proctor::expect_eq!(
                        open.inside(),
                        0,
                        "how many connections were open at {at} ms, when `serve` returned"
                    );
                    let outcome = outcome.map_err(|error| error.kind());
                    report.borrow_mut().returned = Some((outcome, at));
                }
            });
            drop(ebb);
            report.take()
        })
    }
}

const OK: Result<(), ErrorKind> = Ok(());

#[track_caller]
fn expect_began(report: &Report, expected: &[(&'static str, u64)], what: &str) {
    proctor::expect_eq!(report.began, expected, "who was served from which millisecond on, {what}");
}

#[track_caller]
fn expect_returned(report: &Report, outcome: Result<(), ErrorKind>, at: u64, what: &str) {
    let Some(returned) = report.returned else {
        panic!(
            "`serve` was to return at {at} ms, {what}; it has not returned {LATE} ms after it began"
        );
    };
    proctor::expect_eq!(
        returned,
        (outcome, at),
        "what `serve` has returned at which millisecond, {what}"
    );
}

fn guest(name: &'static str, stays: u64) -> Arrival {
    Guest(name, stays, End::Good)
}

#[test]
fn guests_are_served_beside_each_other() {
    let arrivals = [(0, guest("Anna", 1000)), (0, guest("Ben", 1000)), (300, guest("Carla", 1000))];
    let report = Evening::new(10, &arrivals).shutdown(5000).report();
    expect_began(
        &report,
        &[("Anna", 0), ("Ben", 0), ("Carla", 300)],
        "when there is room for ten, two come at once and one 300 ms later, and each stays 1000 ms",
    );
    proctor::expect_eq!(report.highest, 3, "how many were served at a time, at most");
    expect_returned(&report, OK, 5000, "with a shutdown at 5000 ms, when all have gone");
}

#[test]
fn nobody_is_let_in_while_all_places_are_taken() {
    let arrivals = [
        (0, guest("Anna", 1000)),
        (0, guest("Ben", 400)),
        (0, guest("Carla", 1000)),
        (100, guest("Dora", 1000)),
        (3000, guest("Emil", 100)),
    ];
    let report = Evening::new(2, &arrivals).shutdown(5000).report();
    expect_began(
        &report,
        &[("Anna", 0), ("Ben", 0), ("Carla", 400), ("Dora", 1000), ("Emil", 3000)],
        "with two places: Anna stays until 1000 ms and Ben until 400 ms, Carla waits since the beginning and Dora since 100 ms",
    );
    expect_returned(&report, OK, 5000, "with a shutdown at 5000 ms, when all have gone");

    let report = Evening::new(1, &arrivals).shutdown(9000).report();
    expect_began(
        &report,
        &[("Anna", 0), ("Ben", 1000), ("Carla", 1400), ("Dora", 2400), ("Emil", 3400)],
        "with one place",
    );
}

#[test]
fn a_place_comes_back_after_an_error() {
    let arrivals = [
        (0, Guest("Anna", 300, End::Error)),
        (0, Guest("Ben", 300, End::Error)),
        (0, guest("Carla", 300)),
    ];
    let report = Evening::new(1, &arrivals).shutdown(5000).report();
    expect_began(
        &report,
        &[("Anna", 0), ("Ben", 300), ("Carla", 600)],
        "with one place, when the connections of the first two end with an error after 300 ms",
    );
    expect_returned(&report, OK, 5000, "when two connections have ended with an error");
}

#[test]
fn a_place_comes_back_after_a_panic() {
    let arrivals = [
        (0, Guest("Anna", 300, End::Panic)),
        (0, Guest("Ben", 300, End::Panic)),
        (0, guest("Carla", 300)),
    ];
    let report = Evening::new(1, &arrivals).shutdown(5000).report();
    expect_began(
        &report,
        &[("Anna", 0), ("Ben", 300), ("Carla", 600)],
        "with one place, when the handlers of the first two panic after 300 ms",
    );
    expect_returned(&report, OK, 5000, "when two handlers have panicked");
}

#[test]
fn somebody_who_left_again_is_no_reason_to_wait() {
    let gone = Error(ErrorKind::ConnectionAborted);
    let arrivals =
        [(0, gone), (0, gone), (0, guest("Anna", 100)), (700, gone), (700, guest("Ben", 100))];
    let report = Evening::new(10, &arrivals).shutdown(5000).report();
    expect_began(
        &report,
        &[("Anna", 0), ("Ben", 700)],
        "when two left before they were let in, and one before Ben",
    );
    expect_returned(&report, OK, 5000, "when three have left before they were let in");
}

#[test]
fn without_a_descriptor_the_loop_waits_fifty_milliseconds() {
    let report =
        Evening::new(10, &[(10, guest("Anna", 100))]).descriptors_from(130).shutdown(5000).report();
    proctor::expect_eq!(
        report.accepts,
        [10, 60, 110, 160],
        "at which milliseconds `poll_accept` was called, when somebody comes at 10 ms and there is no descriptor before 130 ms"
    );
    expect_began(&report, &[("Anna", 160)], "when there is no descriptor before 130 ms");
    expect_returned(&report, OK, 5000, "when there was no descriptor for a time");
}

#[test]
fn another_error_ends_the_loop_when_all_have_gone() {
    let error = Error(ErrorKind::PermissionDenied);
    let arrivals = [(0, guest("Anna", 1000)), (200, error), (500, guest("Ben", 1000))];
    let report = Evening::new(10, &arrivals).report();
    expect_began(
        &report,
        &[("Anna", 0)],
        "when the listener fails at 200 ms and Ben comes at 500 ms",
    );
    proctor::expect_eq!(
        report.ended,
        [("Anna", 1000)],
        "whose connection has come to its end at which millisecond, when the listener fails at 200 ms"
    );
    expect_returned(
        &report,
        Err(ErrorKind::PermissionDenied),
        1000,
        "when the listener fails at 200 ms and Anna stays until 1000 ms",
    );
}

#[test]
fn shutdown_is_heard_when_nobody_comes() {
    let report = Evening::new(10, &[]).shutdown(700).report();
    expect_returned(&report, OK, 700, "with a shutdown at 700 ms, when nobody comes");
    let report = Evening::new(10, &[(0, guest("Anna", 100))]).shutdown(700).report();
    expect_returned(&report, OK, 700, "with a shutdown at 700 ms, when somebody has come and gone");
}

#[test]
fn shutdown_waits_for_those_who_are_there() {
    let arrivals =
        [(0, guest("Anna", 1000)), (0, Guest("Ben", 600, End::Panic)), (500, guest("Carla", 1000))];
    let report = Evening::new(10, &arrivals).shutdown(300).report();
    expect_began(
        &report,
        &[("Anna", 0), ("Ben", 0)],
        "with a shutdown at 300 ms, when Carla comes at 500 ms",
    );
    proctor::expect_eq!(
        report.ended,
        [("Ben", 600), ("Anna", 1000)],
        "whose connection has come to its end at which millisecond, with a shutdown at 300 ms"
    );
    expect_returned(&report, OK, 1000, "with a shutdown at 300 ms, when Anna stays until 1000 ms");
}

#[test]
fn shutdown_is_heard_while_all_places_are_taken() {
    let arrivals = [(0, guest("Anna", 1000)), (100, guest("Ben", 1000))];
    let report = Evening::new(1, &arrivals).shutdown(300).report();
    expect_began(
        &report,
        &[("Anna", 0)],
        "with one place and a shutdown at 300 ms, when Ben waits since 100 ms and Anna stays until 1000 ms",
    );
    expect_returned(&report, OK, 1000, "with a shutdown at 300 ms, when Anna stays until 1000 ms");
}

#[test]
fn shutdown_is_heard_in_the_pause() {
    let report =
        Evening::new(10, &[(0, guest("Anna", 1000))]).descriptors_from(900).shutdown(120).report();
    proctor::expect_eq!(
        report.accepts,
        [0, 50, 100],
        "at which milliseconds `poll_accept` was called, when there is no descriptor and the shutdown comes at 120 ms"
    );
    expect_returned(
        &report,
        OK,
        120,
        "with a shutdown at 120 ms, in the pause after an accept without a descriptor at 100 ms",
    );
}

#[test]
fn whoever_comes_at_the_shutdown_is_not_let_in() {
    let arrivals = [(0, guest("Anna", 100)), (300, guest("Ben", 100))];
    let report = Evening::new(10, &arrivals).shutdown(300).report();
    expect_began(&report, &[("Anna", 0)], "when Ben comes at the very moment of the shutdown");
    expect_returned(&report, OK, 300, "when Ben comes at the very moment of the shutdown");

    let report = Evening::new(10, &arrivals).shutdown(0).report();
    expect_began(&report, &[], "with a shutdown before the first accept");
    expect_returned(&report, OK, 0, "with a shutdown before the first accept");
}

#[test]
fn a_long_evening_leaves_no_place_behind() {
    let ends = [End::Good, End::Panic, End::Error];
    let arrivals: Vec<_> =
        (0..600).zip(0..).map(|(n, time)| (time * 10, Guest("guest", 35, ends[n % 3]))).collect();
    let report = Evening::new(3, &arrivals).shutdown(20_000).report();
    proctor::expect_eq!(
        report.began.len(),
        600,
        "how many of 600 guests were served, of whom some panicked and some failed"
    );
    proctor::expect_eq!(report.highest, 3, "how many were served at a time, at most");
    expect_returned(&report, OK, 20_000, "after a long evening");
}
