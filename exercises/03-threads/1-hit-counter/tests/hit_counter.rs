//! The counter, with its visitors in every order.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hit_counter::HitCounter;
use shuttle::sync::Arc;
use shuttle::thread;

/// What `visitors` threads get that each call `visit` once on the same counter, in order of size.
fn all_at_once<T: Ord + Send + 'static>(
    counter: &Arc<HitCounter>,
    visitors: usize,
    visit: fn(&HitCounter) -> T,
) -> Vec<T> {
    let threads: Vec<_> = (0..visitors)
        .map(|_| {
            let counter = Arc::clone(counter);
            thread::spawn(move || visit(&counter))
        })
        .collect();
    let mut got: Vec<T> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    got.sort();
    got
}

fn in_every_order(test: impl Fn() + Send + Sync + 'static) {
    proctor::watch(|| interleavings::every(test));
}

#[test]
fn one_visitor_after_another() {
    in_every_order(|| {
        let counter = HitCounter::new(2);
        proctor::expect_eq!((counter.hits(), counter.prizes_left()), (0, 2), "at first");
        proctor::expect_eq!(counter.hit(), 1, "the first visit is number 1");
        proctor::expect_eq!(counter.hit(), 2, "the second visit is number 2");
        proctor::expect_eq!(counter.hits(), 2, "two visits were counted");
        proctor::expect_eq!(counter.claim(), Some(1), "the first prize is number 1");
        proctor::expect_eq!(counter.prizes_left(), 1, "one of two prizes is taken");
        proctor::expect_eq!(counter.claim(), Some(2), "the second prize is number 2");
        proctor::expect_eq!(counter.claim(), None, "there is no third prize");
        proctor::expect_eq!(counter.claim(), None, "and there will be none later");
        proctor::expect_eq!(counter.prizes_left(), 0, "both prizes are taken");
    });
}

#[test]
fn no_visit_is_lost() {
    in_every_order(|| {
        let counter = Arc::new(HitCounter::new(0));
        all_at_once(&counter, 2, HitCounter::hit);
        proctor::expect_eq!(
            counter.hits(),
            2,
            "two visitors came at once, and this many were counted"
        );
    });
}

#[test]
fn every_visit_has_a_number_of_its_own() {
    in_every_order(|| {
        let counter = Arc::new(HitCounter::new(0));
        let numbers = all_at_once(&counter, 3, HitCounter::hit);
        proctor::expect_eq!(
            numbers,
            [1, 2, 3],
            "three visitors came at once, and these are their numbers in order of size"
        );
    });
}

#[test]
fn one_prize_goes_to_one_visitor() {
    in_every_order(|| {
        let counter = Arc::new(HitCounter::new(1));
        let prizes = all_at_once(&counter, 2, HitCounter::claim);
        proctor::expect_eq!(
            prizes,
            [None, Some(1)],
            "two visitors claimed the only prize at once: one gets it, the other nothing"
        );
        proctor::expect_eq!(counter.prizes_left(), 0, "after the only prize is taken");
    });
}

#[test]
fn nobody_leaves_with_nothing_while_there_are_prizes() {
    in_every_order(|| {
        let counter = Arc::new(HitCounter::new(2));
        let prizes = all_at_once(&counter, 2, HitCounter::claim);
        proctor::expect_eq!(
            prizes,
            [Some(1), Some(2)],
            "two visitors claimed at once, and there were prizes for both"
        );
    });
}

#[test]
fn prizes_left_is_never_more_than_there_were() {
    in_every_order(|| {
        let counter = Arc::new(HitCounter::new(1));
        let onlooker = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.prizes_left())
        };
        all_at_once(&counter, 2, HitCounter::claim);
        let seen = onlooker.join().unwrap();
        assert!(
            seen <= 1,
            "there was one prize, and somebody who looked while two visitors claimed it saw {seen}"
        );
    });
}

/// Whether two visitors were ever inside `visit` at once, over all orders of turns.
fn can_meet_inside(visit: fn(&HitCounter)) -> bool {
    let met = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&met);
    interleavings::every(move || {
        // These are the test's own, outside the counter: no turn ends at them.
        let inside = Arc::new(AtomicUsize::new(0));
        let counter = Arc::new(HitCounter::new(2));
        let visitors = [(); 2].map(|()| {
            let (inside, counter, noted) = (inside.clone(), counter.clone(), noted.clone());
            thread::spawn(move || {
                if inside.fetch_add(1, Ordering::Relaxed) > 0 {
                    noted.store(true, Ordering::Relaxed);
                }
                visit(&counter);
                inside.fetch_sub(1, Ordering::Relaxed);
            })
        });
        for visitor in visitors {
            visitor.join().unwrap();
        }
    });
    met.load(Ordering::Relaxed)
}

#[test]
fn the_counter_is_made_of_what_shuttle_can_interrupt() {
    proctor::watch(|| {
        let inside = [
            ("hit", can_meet_inside(|counter| _ = counter.hit())),
            ("claim", can_meet_inside(|counter| _ = counter.claim())),
        ];
        for (method, met) in inside {
            assert!(
                met,
                "no turn ended inside `{method}`, so this test saw nobody come between. \
                 Is what it uses from `shuttle::sync`, or from `std::sync`?"
            );
        }
    });
}

#[test]
fn four_prizes_are_enough_for_four() {
    proctor::watch(|| {
        interleavings::shuffled(2_000, || {
            let counter = Arc::new(HitCounter::new(4));
            let prizes = all_at_once(&counter, 4, HitCounter::claim);
            proctor::expect_eq!(
                prizes,
                [Some(1), Some(2), Some(3), Some(4)],
                "four visitors claimed at once, and there were prizes for all"
            );
        });
    });
}

#[test]
fn hundreds_who_come_too_late_get_nothing() {
    proctor::watch(|| {
        interleavings::some(1, || {
            let counter = HitCounter::new(1);
            proctor::expect_eq!(counter.claim(), Some(1), "the only prize");
            for late in 1..=300 {
                proctor::expect_eq!(counter.claim(), None, "claim number {late} after it");
            }
        });
    });
}
