//! What is measured: each body makes its executor and returns a closure that puts it to work once.
//!
//! The benchmark `peers` and the example of that name share this file.

use std::future::poll_fn;
use std::hint::black_box;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use async_executor::LocalExecutor;
use executor::Ebb;
use tokio::runtime::{Builder, Runtime};

fn tokio() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Async-executor under our `block_on`: it brings none of its own.
fn smol<T>(executor: &LocalExecutor<'_>, future: impl Future<Output = T>) -> T {
    executor::block_on(executor.run(future))
}

/// So many tasks that do nothing, all spawned and then all joined.
pub mod spawn_and_join {
    use super::{Ebb, LocalExecutor, black_box, smol};

    pub fn ebb(tasks: usize) -> impl FnMut() {
        let mut ebb = Ebb::new();
        move || {
            ebb.block_on(async {
                let tasks: Vec<_> =
                    (0..tasks).map(|n| executor::spawn(async move { black_box(n) })).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        }
    }

    pub fn tokio(tasks: usize) -> impl FnMut() {
        let tokio = super::tokio();
        move || {
            tokio.block_on(async {
                let tasks: Vec<_> =
                    (0..tasks).map(|n| ::tokio::spawn(async move { black_box(n) })).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        }
    }

    pub fn async_executor(tasks: usize) -> impl FnMut() {
        let executor = LocalExecutor::new();
        move || {
            smol(&executor, async {
                let tasks: Vec<_> =
                    (0..tasks).map(|n| executor.spawn(async move { black_box(n) })).collect();
                for task in tasks {
                    task.await;
                }
            });
        }
    }
}

/// Two tasks, each of which lets the other go on so many times, by the same future in all three.
pub mod ping_pong {
    use super::{Ebb, LocalExecutor, smol};

    async fn yields(times: usize) {
        for _ in 0..times {
            executor::yield_now().await;
        }
    }

    pub fn ebb(times: usize) -> impl FnMut() {
        let mut ebb = Ebb::new();
        move || {
            ebb.block_on(async {
                let (one, two) = (executor::spawn(yields(times)), executor::spawn(yields(times)));
                one.await.unwrap();
                two.await.unwrap();
            });
        }
    }

    pub fn tokio(times: usize) -> impl FnMut() {
        let tokio = super::tokio();
        move || {
            tokio.block_on(async {
                let (one, two) = (::tokio::spawn(yields(times)), ::tokio::spawn(yields(times)));
                one.await.unwrap();
                two.await.unwrap();
            });
        }
    }

    pub fn async_executor(times: usize) -> impl FnMut() {
        let executor = LocalExecutor::new();
        move || {
            smol(&executor, async {
                let (one, two) = (executor.spawn(yields(times)), executor.spawn(yields(times)));
                one.await;
                two.await;
            });
        }
    }
}

/// So many timers, each set by a poll and then cancelled by a drop; async-executor has none.
pub mod set_and_cancel {
    use super::{Duration, Ebb, Poll, poll_fn};

    const FAR: Duration = Duration::from_hours(1);

    async fn once<F: Future>(future: F) {
        let mut future = Box::pin(future);
        poll_fn(|context| {
            assert!(future.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }

    pub fn ebb(timers: usize) -> impl FnMut() {
        let mut ebb = Ebb::new();
        move || {
            ebb.block_on(async {
                for n in 0..timers {
                    once(executor::sleep(FAR + Duration::from_millis(n as u64))).await;
                }
            });
        }
    }

    pub fn tokio(timers: usize) -> impl FnMut() {
        let tokio = super::tokio();
        move || {
            tokio.block_on(async {
                for n in 0..timers {
                    once(::tokio::time::sleep(FAR + Duration::from_millis(n as u64))).await;
                }
            });
        }
    }
}

/// So many tasks that sleep, on a clock that jumps.
pub mod paused_sleeps {
    use super::{Builder, Duration, Ebb};

    pub fn ebb(timers: usize) -> impl FnMut() {
        let mut ebb = Ebb::with_virtual_clock();
        move || {
            ebb.block_on(async {
                let tasks: Vec<_> = (0..timers)
                    .map(|n| executor::spawn(executor::sleep(Duration::from_millis(n as u64))))
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        }
    }

    pub fn tokio(timers: usize) -> impl FnMut() {
        let tokio = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        move || {
            tokio.block_on(async {
                let tasks: Vec<_> = (0..timers)
                    .map(|n| ::tokio::spawn(::tokio::time::sleep(Duration::from_millis(n as u64))))
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        }
    }
}

/// A thread that wakes whoever hands it a waker: there and back so many times.
pub mod wakes_from_a_thread {
    use super::{Ebb, LocalExecutor, Poll, Waker, mpsc, poll_fn, smol, thread};

    async fn there_and_back(times: usize, other: mpsc::Sender<Waker>) {
        for _ in 0..times {
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

    /// A thread that ends with the last sender.
    fn other() -> mpsc::Sender<Waker> {
        let (send, receive) = mpsc::channel::<Waker>();
        thread::spawn(move || receive.into_iter().for_each(Waker::wake));
        send
    }

    pub fn ebb(times: usize) -> impl FnMut() {
        let mut ebb = Ebb::new();
        let other = other();
        move || {
            let visit = there_and_back(times, other.clone());
            ebb.block_on(async { executor::spawn(visit).await.unwrap() });
        }
    }

    pub fn tokio(times: usize) -> impl FnMut() {
        let tokio = super::tokio();
        let other = other();
        move || {
            let visit = there_and_back(times, other.clone());
            tokio.block_on(async { ::tokio::spawn(visit).await.unwrap() });
        }
    }

    pub fn async_executor(times: usize) -> impl FnMut() {
        let executor = LocalExecutor::new();
        let other = other();
        move || {
            let visit = there_and_back(times, other.clone());
            smol(&executor, async { executor.spawn(visit).await });
        }
    }
}
