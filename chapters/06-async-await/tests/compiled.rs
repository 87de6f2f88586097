//! The compiled report beside the one by hand, and what the chapter's other futures promise.

use std::task::Poll;
use std::time::Duration;

use async_await::depth::{Cave, depth};
use async_await::gauge::{Pier, higher};
use async_await::notes::Log;
use async_await::report::{Report, report};
use futures_by_hand::{Clock, block_on};
use proctor::count::Task;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn both_reports_are_pending_as_often_and_say_the_same() {
    proctor::watch(|| {
        let run = |clock: &Clock, future: &mut dyn FnMut() -> Poll<String>| {
            let mut polls = 1;
            loop {
                if let Poll::Ready(text) = future() {
                    return (text, polls, clock.now());
                }
                polls += 1;
                assert!(clock.advance_to_next(), "a pending report has left no waker");
            }
        };
        let clock = Clock::by_hand();
        let mut task = Task::new(report(&clock));
        let compiled = run(&clock, &mut || task.poll());
        let clock = Clock::by_hand();
        let mut task = Task::new(Report::Start { clock: &clock });
        let by_hand = run(&clock, &mut || task.poll());
        assert_eq!(compiled, by_hand);
        assert_eq!(by_hand.1, 3);
    });
}

#[test]
fn a_dropped_report_takes_its_waker_back() {
    proctor::watch(|| {
        let clock = Clock::by_hand();
        let mut task = Task::new(report(&clock));
        assert!(task.poll().is_pending());
        assert_eq!(clock.sleepers(), 1);
        drop(task);
        assert_eq!(clock.sleepers(), 0);
    });
}

#[test]
fn the_higher_gauge_is_found_from_another_thread() {
    proctor::watch(|| {
        let clock = Clock::by_hand();
        let north = Pier::new(&clock, 1.2, SECOND);
        let south = Pier::new(&clock, 1.9, SECOND);
        let future = async move { higher(&north, &south).await };
        let height = std::thread::spawn(move || clock.run(future)).join().unwrap();
        assert!((height - 1.9).abs() < f64::EPSILON);
    });
}

#[test]
fn the_longest_way_counts() {
    proctor::watch(|| {
        let caves = Cave { behind: vec![Cave::passage(2), Cave::passage(5), Cave::default()] };
        assert_eq!(block_on(depth(&caves, &async || ())), 6);
    });
}

#[test]
fn a_note_is_written_when_it_is_dropped() {
    let log = Log::new();
    let note = log.note("tide");
    assert!(log.take().is_empty());
    drop(note);
    assert_eq!(log.take(), ["tide"]);
}
