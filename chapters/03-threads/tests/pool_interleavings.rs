//! The pool, with its workers and those who submit in some hundred orders.

/// In these tests the pool is made of Shuttle's parts.
mod primitives {
    pub(crate) use shuttle::sync::{Arc, Mutex, mpsc};
    pub(crate) use shuttle::thread;
}

#[path = "../src/pool.rs"]
mod pool;

use pool::Pool;
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::sync::{Arc, Barrier};
use shuttle::thread;

fn in_many_orders(test: impl Fn() + Send + Sync + 'static) {
    proctor::watch(|| interleavings::some(300, test));
}

#[test]
fn every_job_runs_once_and_before_the_pool_is_gone() {
    in_many_orders(|| {
        let runs = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(2, 1).unwrap();
        for _ in 0..4 {
            let runs = Arc::clone(&runs);
            pool.submit(move || {
                runs.fetch_add(1, Ordering::SeqCst);
            });
        }
        drop(pool);
        assert_eq!(runs.load(Ordering::SeqCst), 4, "how many of 4 jobs were run");
    });
}

#[test]
fn workers_work_side_by_side() {
    in_many_orders(|| {
        let meeting = Arc::new(Barrier::new(2));
        let pool = Pool::new(2, 0).unwrap();
        for _ in 0..2 {
            let meeting = Arc::clone(&meeting);
            pool.submit(move || {
                meeting.wait();
            });
        }
    });
}

#[test]
fn submit_waits_while_the_queue_is_full() {
    in_many_orders(|| {
        let pool = Pool::new(1, 1).unwrap();
        let gate = Arc::new(Barrier::new(2));
        let opened = Arc::new(AtomicBool::new(false));
        let (gate_of_job, seen) = (Arc::clone(&gate), Arc::clone(&opened));
        let visitor = thread::spawn(move || {
            pool.submit(move || {
                gate_of_job.wait();
            });
            pool.submit(|| {});
            pool.submit(|| {});
            assert!(seen.load(Ordering::SeqCst), "the third job had a place before there was one");
        });
        opened.store(true, Ordering::SeqCst);
        gate.wait();
        visitor.join().unwrap();
    });
}

#[test]
fn a_panicking_job_leaves_its_worker_alive() {
    in_many_orders(|| {
        let runs = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(1, 1).unwrap();
        pool.submit(|| panic!("this job panics on purpose"));
        let counted = Arc::clone(&runs);
        pool.submit(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        drop(pool);
        assert_eq!(runs.load(Ordering::SeqCst), 1, "how often the job after the panic was run");
    });
}
