//! The detector of blocking calls, and the async watchdog when nothing hangs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proctor::blocking::sibling;
use proctor::no_blocking;
use proctor::threads::Meeting;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::{Instant, sleep};

fn panic_of<T: Send + 'static>(body: impl Future<Output = T> + Send + 'static) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| proctor::watch_async(body)));
    let panic = panic.err().expect("the body must panic");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn a_future_that_waits_does_not_block() {
    let value = proctor::watch_async(no_blocking(async {
        sleep(Duration::from_secs(1)).await;
        7
    }));
    assert_eq!(value, 7);
    proctor::watch_async(no_blocking(yield_now()));
    proctor::watch_async(async {
        let task = tokio::spawn(no_blocking(yield_now()));
        task.await.unwrap();
    });
}

#[test]
fn a_future_done_in_one_go_blocks() {
    let message = panic_of(no_blocking(async {
        // What the code under test waits for comes from another thread: no other task is needed for that.
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(()));
        receiver.recv()
    }));
    let expected = "the future was done in one go, and no other task had a turn meanwhile: it blocks the executor's thread.\n\
        Look for a blocking call (`std::thread::sleep`, blocking I/O, a `std::sync` lock or channel that waits) \
        where there is an async one, or for heavy work that belongs into `spawn_blocking`.";
    assert_eq!(message, expected);
}

#[test]
fn a_blocking_call_is_right_on_another_thread_and_wrong_on_the_executors() {
    proctor::watch_async(async {
        let (sibling, task) = sibling();
        tokio::spawn(task);
        let theirs = sibling.clone();
        spawn_blocking(move || {
            theirs.block();
            theirs.block();
        })
        .await
        .unwrap();
        assert_eq!(sibling.turns(), 2);
    });
    let message = panic_of(async {
        let (sibling, task) = sibling();
        tokio::spawn(task);
        sibling.block();
    });
    let expected = "a blocking call on the executor's thread: while it waits, no other task has a turn.\n\
        Make it on a thread where waiting does no harm: `tokio::task::spawn_blocking`.";
    assert_eq!(message, expected);
}

#[test]
fn work_gives_the_others_a_turn_after_each_piece() {
    proctor::watch_async(async {
        let (sibling, task) = sibling();
        tokio::spawn(task);
        for _ in 0..3 {
            sibling.work();
            yield_now().await;
        }
        assert_eq!(sibling.turns(), 3);
        let theirs = sibling.clone();
        spawn_blocking(move || (0..3).for_each(|_| theirs.work())).await.unwrap();
    });
    let message = panic_of(async {
        let (sibling, task) = sibling();
        tokio::spawn(task);
        sibling.work();
        yield_now().await;
        sibling.work();
        sibling.work();
    });
    let expected = "two pieces of heavy work in a row on the executor's thread, and no other task had a turn between them.\n\
        Give the others a turn after each piece (`tokio::task::yield_now().await`), or do the work elsewhere (`spawn_blocking`).";
    assert_eq!(message, expected);
}

#[test]
fn the_siblings_task_ends_with_its_last_handle() {
    proctor::watch_async(async {
        let (sibling, task) = sibling();
        let task = tokio::spawn(task);
        yield_now().await;
        let clone = sibling.clone();
        drop(sibling);
        yield_now().await;
        assert!(!task.is_finished());
        drop(clone);
        task.await.unwrap();
    });
}

#[test]
fn virtual_time_takes_no_time_and_is_exact() {
    let elapsed = proctor::watch_async(async {
        let start = Instant::now();
        sleep(Duration::from_hours(12)).await;
        start.elapsed()
    });
    assert_eq!(elapsed, Duration::from_hours(12));
}

#[test]
fn a_body_may_wait_for_a_blocking_task_longer_than_for_any_timer() {
    let (sender, receiver) = mpsc::channel();
    proctor::watch_async(async move {
        let timer = tokio::spawn(sleep(Duration::from_secs(1)));
        let blocking = spawn_blocking(move || receiver.recv().unwrap());
        yield_now().await;
        sender.send(7).unwrap();
        assert_eq!(blocking.await.unwrap(), 7);
        timer.await.unwrap();
    });
}

#[test]
fn a_body_runs_under_the_name_of_its_test() {
    let name = proctor::watch(|| thread::current().name().map(str::to_owned));
    let expected = "a_body_runs_under_the_name_of_its_test";
    assert_eq!(name.as_deref(), Some(expected));
    let name = proctor::watch_async(async { thread::current().name().map(str::to_owned) });
    assert_eq!(name.as_deref(), Some(expected));
}

#[test]
fn a_meeting_takes_place_when_all_have_come_and_again() {
    proctor::watch(|| {
        let meeting = Meeting::new(3, "threads");
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let theirs = meeting.clone();
                thread::spawn(move || (0..100).for_each(|_| theirs.wait()))
            })
            .collect();
        (0..100).for_each(|_| meeting.wait());
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
