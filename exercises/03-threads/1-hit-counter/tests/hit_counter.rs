//! The counter, with its visitors in every order.

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
