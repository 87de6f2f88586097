//! The map, with photographs that take as long as the test wants.

use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Barrier, Condvar, Mutex};
use std::thread;

use parallel_map::parallel_map;

/// A count that threads can wait for.
#[derive(Default)]
struct Progress {
    done: Mutex<usize>,
    changed: Condvar,
}

impl Progress {
    fn one_more(&self) {
        *self.done.lock().unwrap() += 1;
        self.changed.notify_all();
    }

    fn wait_for(&self, count: usize) {
        let done = self.done.lock().unwrap();
        drop(self.changed.wait_while(done, |done| *done < count).unwrap());
    }
}

#[test]
fn it_maps() {
    proctor::watch(|| {
        proctor::expect_eq!(
            parallel_map(vec![1, 2, 3, 4, 5], 2, |n| n * n),
            [1, 4, 9, 16, 25],
            "the squares of 1 to 5, by two workers"
        );
        proctor::expect_eq!(
            parallel_map(vec![1, 2, 3], 1, |n| n * n),
            [1, 4, 9],
            "the squares of 1 to 3, by one worker"
        );
        proctor::expect_eq!(
            parallel_map(vec![7], 8, |n| n * n),
            [49],
            "one item and eight workers"
        );
        proctor::expect_eq!(
            parallel_map(vec![1, 2], 0, |n| n * n),
            [1, 4],
            "two items and no worker, which counts as one"
        );
        proctor::expect_eq!(parallel_map(Vec::<i32>::new(), 4, |n| n * n), [], "no items at all");
    });
}

#[test]
fn items_and_function_may_borrow() {
    proctor::watch(|| {
        let names = [String::from("fiddler"), String::from("hermit")];
        let crab = String::from(" crab");
        let items: Vec<&str> = names.iter().map(String::as_str).collect();
        proctor::expect_eq!(
            parallel_map(items, 2, |name| format!("{name}{crab}")),
            ["fiddler crab", "hermit crab"],
            "names and ending are borrowed"
        );
    });
}

#[test]
fn results_keep_the_order_of_the_items() {
    proctor::watch(|| {
        // Item 0 is not done before item 2 has begun, and by then the other worker is through with item 1.
        let progress = Progress::default();
        let results = parallel_map(vec![0, 1, 2], 2, |n| {
            match n {
                0 => progress.wait_for(1),
                2 => progress.one_more(),
                _ => {}
            }
            n
        });
        proctor::expect_eq!(
            results.first(),
            Some(&0),
            "the first result, where the first item is done after the second"
        );
        proctor::expect_eq!(results, [0, 1, 2], "the results, in the items' order");
    });
}

#[test]
fn workers_work_at_the_same_time() {
    proctor::watch(|| {
        // Three items that wait for one another: a worker that works alone waits for ever.
        let meeting = Barrier::new(3);
        let results = parallel_map(vec!['a', 'b', 'c'], 3, |name| {
            meeting.wait();
            name
        });
        proctor::expect_eq!(results, ['a', 'b', 'c'], "three items that had to meet");
    });
}

#[test]
fn a_slow_item_holds_up_one_worker_only() {
    proctor::watch(|| {
        // Item 0 waits until the nine others are done, whoever does them.
        let progress = Progress::default();
        let results = parallel_map((0..10).collect(), 2, |n| {
            if n == 0 {
                progress.wait_for(9);
            }
            progress.one_more();
            n
        });
        proctor::expect_eq!(
            results,
            (0..10).collect::<Vec<_>>(),
            "ten items, the first of them slow"
        );
    });
}

#[test]
fn no_more_threads_than_workers() {
    proctor::watch(|| {
        let threads = Mutex::new(HashSet::new());
        parallel_map((0..100).collect(), 3, |n: i32| {
            threads.lock().unwrap().insert(thread::current().id());
            n
        });
        let threads = threads.into_inner().unwrap().len();
        assert!(threads <= 3, "3 workers were asked for, and `f` ran on {threads} threads");
    });
}

#[test]
fn no_more_at_work_than_workers() {
    proctor::watch(|| {
        // Items wait until three are at work, and then give a fourth every chance to come.
        let arrived = Progress::default();
        let inside = Mutex::new((0, 0));
        parallel_map((0..12).collect(), 3, |_: i32| {
            {
                let (now, most) = &mut *inside.lock().unwrap();
                *now += 1;
                *most = (*most).max(*now);
            }
            arrived.one_more();
            arrived.wait_for(3);
            for _ in 0..1_000 {
                thread::yield_now();
            }
            inside.lock().unwrap().0 -= 1;
        });
        let (_, most) = inside.into_inner().unwrap();
        proctor::expect_eq!(most, 3, "how many items 3 workers had in `f` at the same time");
    });
}

#[derive(Debug, PartialEq)]
struct BrokenPhotograph(u32);

#[test]
fn a_panic_arrives_as_it_was_thrown() {
    proctor::watch(|| {
        for workers in [1, 2, 4] {
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
                parallel_map(vec![1, 2, 3, 4], workers, |n| {
                    if n == 3 {
                        panic::panic_any(BrokenPhotograph(n));
                    }
                    n
                })
            }));
            let payload = match outcome {
                Ok(results) => panic!(
                    "`f` panicked on item 3, and `parallel_map` with {workers} workers returned {results:?}"
                ),
                Err(payload) => payload,
            };
            proctor::expect_eq!(
                payload.downcast_ref(),
                Some(&BrokenPhotograph(3)),
                "the payload of the panic, as a BrokenPhotograph, with {workers} workers"
            );
        }
    });
}

#[test]
fn the_others_have_ended_when_the_panic_arrives() {
    proctor::watch(|| {
        let drops = proctor::count::Drops::new();
        let items: Vec<_> = (0..4).map(|n| (n, drops.token())).collect();
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
            parallel_map(items, 2, |(n, token)| {
                assert!(n != 1, "this item panics on purpose");
                token
            })
        }));
        let Err(payload) = outcome else {
            panic!("`f` panicked on item 1, and `parallel_map` returned");
        };
        proctor::expect_eq!(
            payload.downcast_ref(),
            Some(&"this item panics on purpose"),
            "the payload of the panic"
        );
        proctor::expect_eq!(
            drops.alive(),
            0,
            "how many items and results are still held after the panic"
        );
    });
}
