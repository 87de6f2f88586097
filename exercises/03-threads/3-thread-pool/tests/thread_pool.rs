//! The pool, with its workers and those who submit in some hundred orders.

use std::collections::HashSet;
use std::sync::Mutex as Notebook;

use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::sync::{Arc, Barrier, mpsc};
use shuttle::thread;
use thread_pool::ThreadPool;

const ORDERS: usize = 500;

fn in_many_orders(test: impl Fn() + Send + Sync + 'static) {
    proctor::watch(|| interleavings::some(ORDERS, test));
}

fn counter() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

/// Shuts down a pool that others had a share in.
fn shut_down(pool: Arc<ThreadPool>) {
    let pool = Arc::into_inner(pool).expect("the others have ended, and their shares with them");
    pool.shutdown();
}

/// A job that counts that it ran.
fn counting(counter: &Arc<AtomicUsize>) -> impl FnOnce() + Send + 'static {
    let counter = Arc::clone(counter);
    move || {
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn every_job_runs_exactly_once() {
    in_many_orders(|| {
        let runs = [counter(), counter(), counter()];
        let pool = ThreadPool::new(2, 2);
        for run in &runs {
            pool.submit(counting(run));
        }
        pool.shutdown();
        let runs = runs.map(|run| run.load(Ordering::SeqCst));
        proctor::expect_eq!(runs, [1, 1, 1], "how often each of three jobs ran on two workers");
    });
}

#[test]
fn submit_waits_while_the_queue_is_full() {
    in_many_orders(|| {
        let pool = Arc::new(ThreadPool::new(1, 1));
        let gate = Arc::new(Barrier::new(2));
        let opened = Arc::new(AtomicBool::new(false));
        let visitor = {
            let (pool, gate, opened) = (pool.clone(), gate.clone(), opened.clone());
            thread::spawn(move || {
                pool.submit(move || {
                    gate.wait();
                });
                pool.submit(|| {});
                pool.submit(|| {});
                assert!(
                    opened.load(Ordering::SeqCst),
                    "the only worker was busy and the only place in the queue taken, \
                     and `submit` returned all the same"
                );
            })
        };
        opened.store(true, Ordering::SeqCst);
        gate.wait();
        visitor.join().unwrap();
        shut_down(pool);
    });
}

#[test]
fn whoever_waits_for_a_place_gets_it() {
    in_many_orders(|| {
        let runs = counter();
        let pool = Arc::new(ThreadPool::new(1, 1));
        let visitors = [(); 2].map(|()| {
            let (pool, runs) = (pool.clone(), runs.clone());
            thread::spawn(move || {
                pool.submit(counting(&runs));
                pool.submit(counting(&runs));
            })
        });
        for visitor in visitors {
            visitor.join().unwrap();
        }
        shut_down(pool);
        proctor::expect_eq!(
            runs.load(Ordering::SeqCst),
            4,
            "how many jobs ran of the 4 that two threads submitted"
        );
    });
}

#[test]
fn a_free_place_is_for_one_and_at_once() {
    in_many_orders(|| {
        let pool = Arc::new(ThreadPool::new(1, 1));
        let gates = [(); 2].map(|()| Arc::new(Barrier::new(2)));
        for gate in &gates {
            let gate = Arc::clone(gate);
            pool.submit(move || {
                gate.wait();
            });
        }
        // The worker is in the first job, or about to be, and the second takes the place.
        let (tell, submitted) = mpsc::channel();
        let visitors = [(); 2].map(|()| {
            let (pool, tell) = (pool.clone(), tell.clone());
            thread::spawn(move || {
                pool.submit(|| {});
                tell.send(()).unwrap();
            })
        });
        gates[0].wait();
        // Now the worker takes the second job, and its place is free while that job runs.
        submitted.recv().unwrap();
        assert!(
            submitted.try_recv().is_err(),
            "one place in the queue became free, two threads waited for it, and `submit` returned to both"
        );
        gates[1].wait();
        submitted.recv().unwrap();
        for visitor in visitors {
            visitor.join().unwrap();
        }
        shut_down(pool);
    });
}

#[test]
fn jobs_begin_in_the_order_in_which_they_came() {
    in_many_orders(|| {
        let began = Arc::new(Notebook::new(Vec::new()));
        let pool = ThreadPool::new(1, 3);
        for job in 1..=3 {
            let began = Arc::clone(&began);
            pool.submit(move || began.lock().unwrap().push(job));
        }
        pool.shutdown();
        let began = began.lock().unwrap().clone();
        proctor::expect_eq!(began, [1, 2, 3], "the jobs of one worker, as they began");
    });
}

#[test]
fn jobs_run_on_the_workers() {
    in_many_orders(|| {
        let threads = Arc::new(Notebook::new(HashSet::new()));
        let pool = ThreadPool::new(1, 3);
        for _ in 0..3 {
            let threads = Arc::clone(&threads);
            pool.submit(move || {
                threads.lock().unwrap().insert(thread::current().id());
            });
        }
        pool.shutdown();
        let threads = threads.lock().unwrap().len();
        proctor::expect_eq!(threads, 1, "how many threads ran the jobs of a pool of one worker");
    });
}

#[test]
fn jobs_run_side_by_side() {
    in_many_orders(|| {
        let meeting = Arc::new(Barrier::new(3));
        let pool = ThreadPool::new(2, 2);
        for _ in 0..2 {
            let meeting = Arc::clone(&meeting);
            // Each of the two jobs waits for the other, and both for the test:
            // run one after the other, or only when the pool shuts down, they wait for ever.
            pool.submit(move || {
                meeting.wait();
            });
        }
        meeting.wait();
        pool.shutdown();
    });
}

#[test]
fn a_panicking_job_does_not_take_its_worker_along() {
    in_many_orders(|| {
        let runs = counter();
        let pool = ThreadPool::new(1, 1);
        pool.submit(|| panic!("this job panics on purpose: its worker must catch that and go on"));
        pool.submit(counting(&runs));
        pool.shutdown();
        proctor::expect_eq!(
            runs.load(Ordering::SeqCst),
            1,
            "how often the job ran that came after one that panicked"
        );
    });
}

#[test]
fn shutdown_runs_what_was_submitted() {
    in_many_orders(|| {
        let runs = counter();
        let pool = ThreadPool::new(1, 3);
        for _ in 0..3 {
            pool.submit(counting(&runs));
        }
        pool.shutdown();
        proctor::expect_eq!(
            runs.load(Ordering::SeqCst),
            3,
            "how many of 3 jobs had run when `shutdown` returned"
        );
    });
}

#[test]
fn shutdown_wakes_every_worker() {
    in_many_orders(|| ThreadPool::new(3, 1).shutdown());
}

#[test]
fn what_a_job_owns_is_dropped() {
    in_many_orders(|| {
        let drops = proctor::count::Drops::new();
        let pool = ThreadPool::new(1, 2);
        let owned = drops.token();
        pool.submit(move || drop(owned));
        let owned = drops.token();
        pool.submit(move || {
            let _owned = owned;
            panic!("this job panics on purpose: its worker must catch that and go on");
        });
        pool.shutdown();
        proctor::expect_eq!(
            drops.alive(),
            0,
            "how many of two jobs' possessions outlived the pool"
        );
    });
}
