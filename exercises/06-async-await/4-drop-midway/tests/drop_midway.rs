//! Boats that come, and some that do not wait.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use drop_midway::{Harbour, moor};
use proctor::count::{Probe, Task};

const KEPT: [&str; 2] = ["berth 0 taken", "deposit kept"];
const UNDONE: [&str; 4] = ["berth 0 taken", "deposit kept", "deposit returned", "berth 0 free"];

#[test]
fn a_call_takes_nothing() {
    proctor::watch(|| {
        let harbour = Harbour::new(1);
        let future = moor(&harbour, pending(), pending());
        proctor::expect_eq!(
            harbour.log().len(),
            0,
            "how much was done by a call that nobody has polled"
        );
        drop(future);
        proctor::expect_eq!(
            harbour.log().len(),
            0,
            "how much was done and undone by a future that was dropped before its first poll"
        );
    });
}

#[test]
fn a_boat_that_may_stay_stays() {
    proctor::watch(|| {
        let (harbour, payment, master) = (Harbour::new(1), Probe::new(), Probe::new());
        let mut task = Task::new(moor(&harbour, payment.future(), master.future()));
        assert!(task.poll().is_pending(), "nothing is paid, and the boat is moored");
        proctor::expect_eq!(harbour.log(), ["berth 0 taken"], "what was done at the first poll");
        proctor::expect_eq!(
            master.polls(),
            0,
            "how often the master was asked before the deposit was paid"
        );
        payment.finish(());
        assert!(task.poll().is_pending(), "the master has said nothing, and the boat is moored");
        proctor::expect_eq!(harbour.log(), KEPT, "what was done when the deposit was paid");
        master.finish(true);
        proctor::expect_eq!(task.poll(), Poll::Ready(Some(0)), "the berth of the boat");
        proctor::expect_eq!(harbour.log(), KEPT, "what was done when the master had said yes");
        drop(task);
        proctor::expect_eq!(
            harbour.log(),
            KEPT,
            "what was done, after the future of a moored boat was dropped"
        );
    });
}

#[test]
fn dropped_before_the_deposit_is_paid() {
    proctor::watch(|| {
        let harbour = Harbour::new(1);
        let mut task = Task::new(moor(&harbour, pending(), pending()));
        assert!(task.poll().is_pending(), "nothing is paid, and the boat is moored");
        proctor::expect_eq!(harbour.log(), ["berth 0 taken"], "what was done at the first poll");
        drop(task);
        proctor::expect_eq!(
            harbour.log(),
            ["berth 0 taken", "berth 0 free"],
            "what was done and undone, after the future was dropped while the deposit was awaited"
        );
    });
}

#[test]
fn dropped_before_the_master_answers() {
    proctor::watch(|| {
        let harbour = Harbour::new(1);
        let mut task = Task::new(moor(&harbour, std::future::ready(()), pending()));
        assert!(task.poll().is_pending(), "the master has said nothing, and the boat is moored");
        proctor::expect_eq!(harbour.log(), KEPT, "what was done when the deposit was paid");
        drop(task);
        proctor::expect_eq!(
            harbour.log(),
            UNDONE,
            "what was done and undone, after the future was dropped while the master was awaited"
        );
    });
}

#[test]
fn a_boat_that_may_not_stay() {
    proctor::watch(|| {
        let harbour = Harbour::new(1);
        let mut task = Task::new(moor(&harbour, std::future::ready(()), std::future::ready(false)));
        proctor::expect_eq!(task.poll(), Poll::Ready(None), "the berth of a boat that was refused");
        proctor::expect_eq!(
            harbour.log(),
            UNDONE,
            "what was done and undone for a boat that was refused"
        );
        drop(task);
        proctor::expect_eq!(
            harbour.log(),
            UNDONE,
            "the same, after the future was dropped as well"
        );
    });
}

#[test]
fn a_full_harbour_waits_for_nothing() {
    proctor::watch(|| {
        let (harbour, payment) = (Harbour::new(1), Probe::<()>::new());
        proctor::expect_eq!(harbour.take_berth(), Some(0), "the only berth");
        let mut task = Task::new(moor(&harbour, payment.future(), std::future::ready(true)));
        proctor::expect_eq!(
            task.poll(),
            Poll::Ready(None),
            "the berth of a boat in a full harbour"
        );
        drop(task);
        proctor::expect_eq!(
            payment.polls(),
            0,
            "how often a boat without a berth was asked for its deposit"
        );
        proctor::expect_eq!(
            harbour.log(),
            ["berth 0 taken"],
            "what was done, after a boat has found no berth"
        );
    });
}

#[test]
fn a_panic_undoes_as_well() {
    proctor::watch(|| {
        let harbour = Harbour::new(1);
        let master = poll_fn(|_| -> Poll<bool> {
            std::panic::panic_any("the master has fallen into the water")
        });
        let mut task = Task::new(moor(&harbour, std::future::ready(()), master));
        let outcome = catch_unwind(AssertUnwindSafe(|| task.poll()));
        assert!(
            outcome.is_err(),
            "the master has panicked, and the boat goes on as if nothing had happened"
        );
        drop(task);
        proctor::expect_eq!(
            harbour.log(),
            UNDONE,
            "what was done and undone, after a panic of the master"
        );
        let harbour = Harbour::new(1);
        let payment = poll_fn(|_| -> Poll<()> { std::panic::panic_any("the purse is empty") });
        let mut task = Task::new(moor(&harbour, payment, pending()));
        let outcome = catch_unwind(AssertUnwindSafe(|| task.poll()));
        assert!(outcome.is_err(), "the payment has panicked, and the boat goes on");
        drop(task);
        proctor::expect_eq!(
            harbour.log(),
            ["berth 0 taken", "berth 0 free"],
            "what was done and undone, after a panic of the payment"
        );
    });
}

#[test]
fn another_boat_gets_the_berth() {
    proctor::watch(|| {
        let harbour = Harbour::new(2);
        let mut first = Task::new(moor(&harbour, pending(), pending()));
        assert!(first.poll().is_pending(), "nothing is paid, and the boat is moored");
        let yes = || moor(&harbour, std::future::ready(()), std::future::ready(true));
        proctor::expect_eq!(
            Task::new(yes()).poll(),
            Poll::Ready(Some(1)),
            "the berth of a second boat, while the first waits"
        );
        drop(first);
        proctor::expect_eq!(
            Task::new(yes()).poll(),
            Poll::Ready(Some(0)),
            "the berth of a third boat, after the first was dropped"
        );
    });
}
