//! Ebb beside Tokio's current-thread runtime and async-executor's `LocalExecutor`, in one run.
//!
//! `cargo bench -p executor`

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use divan::{Bencher, black_box};
use executor::Ebb;

const TASKS: usize = 100_000;
const YIELDS: usize = 10_000;
const TIMERS: usize = 1_000;
const WAKES: usize = 1_000;

fn main() {
    divan::main();
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// Async-executor under our `block_on`: it brings none of its own.
fn smol<T>(executor: &async_executor::LocalExecutor<'_>, future: impl Future<Output = T>) -> T {
    executor::block_on(executor.run(future))
}

mod spawn_and_join_100_000 {
    use super::{Bencher, Ebb, TASKS, black_box, smol};

    #[divan::bench]
    fn ebb(bencher: Bencher<'_, '_>) {
        let mut ebb = Ebb::new();
        bencher.bench_local(|| {
            ebb.block_on(async {
                let tasks: Vec<_> =
                    (0..TASKS).map(|n| executor::spawn(async move { black_box(n) })).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
    }

    #[divan::bench]
    fn tokio(bencher: Bencher<'_, '_>) {
        let tokio = super::tokio();
        bencher.bench_local(|| {
            tokio.block_on(async {
                let tasks: Vec<_> =
                    (0..TASKS).map(|n| ::tokio::spawn(async move { black_box(n) })).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
    }

    #[divan::bench]
    fn async_executor(bencher: Bencher<'_, '_>) {
        let executor = ::async_executor::LocalExecutor::new();
        bencher.bench_local(|| {
            smol(&executor, async {
                let tasks: Vec<_> =
                    (0..TASKS).map(|n| executor.spawn(async move { black_box(n) })).collect();
                for task in tasks {
                    task.await;
                }
            });
        });
    }
}

/// Two tasks, each of which lets the other go on 10,000 times, by the same future in all three.
mod ping_pong_10_000 {
    use super::{Bencher, Ebb, YIELDS, smol};

    async fn yields() {
        for _ in 0..YIELDS {
            executor::yield_now().await;
        }
    }

    #[divan::bench]
    fn ebb(bencher: Bencher<'_, '_>) {
        let mut ebb = Ebb::new();
        bencher.bench_local(|| {
            ebb.block_on(async {
                let (one, two) = (executor::spawn(yields()), executor::spawn(yields()));
                one.await.unwrap();
                two.await.unwrap();
            });
        });
    }

    #[divan::bench]
    fn tokio(bencher: Bencher<'_, '_>) {
        let tokio = super::tokio();
        bencher.bench_local(|| {
            tokio.block_on(async {
                let (one, two) = (::tokio::spawn(yields()), ::tokio::spawn(yields()));
                one.await.unwrap();
                two.await.unwrap();
            });
        });
    }

    #[divan::bench]
    fn async_executor(bencher: Bencher<'_, '_>) {
        let executor = ::async_executor::LocalExecutor::new();
        bencher.bench_local(|| {
            smol(&executor, async {
                let (one, two) = (executor.spawn(yields()), executor.spawn(yields()));
                one.await;
                two.await;
            });
        });
    }
}

/// A thousand tasks with a timer each, set and then cancelled, or set and waited for; async-executor has no timers.
mod timers_1_000 {
    use super::{Bencher, Duration, Ebb, Poll, TIMERS, poll_fn, tokio};

    const FAR: Duration = Duration::from_hours(1);

    async fn once<F: Future>(future: F) {
        let mut future = Box::pin(future);
        poll_fn(|context| {
            assert!(future.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }

    #[divan::bench]
    fn ebb_set_and_cancel(bencher: Bencher<'_, '_>) {
        let mut ebb = Ebb::new();
        bencher.bench_local(|| {
            ebb.block_on(async {
                for n in 0..TIMERS {
                    once(executor::sleep(FAR + Duration::from_millis(n as u64))).await;
                }
            });
        });
    }

    #[divan::bench]
    fn tokio_set_and_cancel(bencher: Bencher<'_, '_>) {
        let tokio = tokio();
        bencher.bench_local(|| {
            tokio.block_on(async {
                for n in 0..TIMERS {
                    once(::tokio::time::sleep(FAR + Duration::from_millis(n as u64))).await;
                }
            });
        });
    }

    #[divan::bench]
    fn ebb_paused(bencher: Bencher<'_, '_>) {
        bencher.with_inputs(Ebb::with_virtual_clock).bench_local_values(|mut ebb| {
            ebb.block_on(async {
                let tasks: Vec<_> = (0..TIMERS)
                    .map(|n| executor::spawn(executor::sleep(Duration::from_millis(n as u64))))
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
    }

    #[divan::bench]
    fn tokio_paused(bencher: Bencher<'_, '_>) {
        let build = || {
            ::tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap()
        };
        bencher.with_inputs(build).bench_local_values(|tokio| {
            tokio.block_on(async {
                let tasks: Vec<_> = (0..TIMERS)
                    .map(|n| ::tokio::spawn(::tokio::time::sleep(Duration::from_millis(n as u64))))
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
    }
}

/// A thread that wakes whoever hands it a waker: there and back a thousand times.
mod wakes_from_a_thread_1_000 {
    use super::{Bencher, Ebb, Poll, RefCell, WAKES, Waker, mpsc, poll_fn, smol, thread};

    thread_local! {
        static OTHER: RefCell<Option<mpsc::Sender<Waker>>> = const { RefCell::new(None) };
    }

    async fn there_and_back(other: mpsc::Sender<Waker>) {
        for _ in 0..WAKES {
            let mut sent = false;
            poll_fn(|context| {
                if std::mem::replace(&mut sent, true) {
                    return Poll::Ready(());
                }
                other.send(context.waker().clone()).unwrap();
                Poll::Pending
            })
            .await;
        }
    }

    fn other() -> mpsc::Sender<Waker> {
        OTHER.with_borrow_mut(|other| {
            let send = other.get_or_insert_with(|| {
                let (send, receive) = mpsc::channel::<Waker>();
                thread::spawn(move || receive.into_iter().for_each(Waker::wake));
                send
            });
            send.clone()
        })
    }

    #[divan::bench]
    fn ebb(bencher: Bencher<'_, '_>) {
        let mut ebb = Ebb::new();
        let other = other();
        bencher.bench_local(|| {
            ebb.block_on(async { executor::spawn(there_and_back(other.clone())).await.unwrap() });
        });
    }

    #[divan::bench]
    fn tokio(bencher: Bencher<'_, '_>) {
        let tokio = super::tokio();
        let other = other();
        bencher.bench_local(|| {
            tokio.block_on(async { ::tokio::spawn(there_and_back(other.clone())).await.unwrap() });
        });
    }

    #[divan::bench]
    fn async_executor(bencher: Bencher<'_, '_>) {
        let executor = ::async_executor::LocalExecutor::new();
        let other = other();
        bencher.bench_local(|| {
            smol(&executor, async { executor.spawn(there_and_back(other.clone())).await });
        });
    }
}
