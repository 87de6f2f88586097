//! Each kind of hang, and the message that it fails with.
//!
//! A case hangs on purpose, so each runs in a process of its own, with a bound of half a second.
//! That the process ends shows that a hung thread does not keep it.

use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use proctor::threads::Meeting;
use tokio::time::sleep;

/// Runs one of the cases below as `cargo test` would, and returns what it prints of its panic, from the place on.
fn failure_of(case: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", case])
        .args(arguments)
        .env("PROCTOR_SECONDS", "0.5")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null());
    let (ended, output) = mpsc::channel();
    thread::spawn(move || ended.send(command.output().unwrap()));
    let output = output
        .recv_timeout(Duration::from_mins(1))
        .unwrap_or_else(|_| panic!("{case} hangs, and its process does not end"));
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(101), "{case} must fail:\n{text}");
    let (_, panic) =
        text.split_once("' (").unwrap_or_else(|| panic!("{case} must panic once:\n{text}"));
    let (_, panic) = panic.split_once(") panicked at ").unwrap();
    let (panic, _) = panic.split_once("\nnote: run with").unwrap();
    assert!(!panic.contains("panicked at"), "{case} must panic once:\n{text}");
    panic.to_owned()
}

/// The failure's message, which must have its place in this file.
fn message_of(case: &str) -> String {
    let panic = failure_of(case, &[]);
    let (place, message) = panic.split_once(":\n").unwrap();
    assert!(place.starts_with("exercises/proctor/tests/hangs.rs:"), "{case} panics at {place}");
    message.to_owned()
}

#[test]
fn a_blocked_thread() {
    let message = message_of("cases::blocked");
    let expected = "cases::blocked hangs: after 0.5 s its thread is blocked: it waits, and uses no processor time.\n\
        Some call never came back. Look for a read that waits for more than will ever come, \
        a lock that this thread or another holds already, a `join` or `recv` whose other side never ends.";
    assert_eq!(message, expected);
}

#[test]
fn a_thread_that_spins() {
    let message = message_of("cases::spins");
    let expected = "cases::spins hangs: after 0.5 s its thread spins: it runs all the time, and is not done.\n\
        Look for a loop with no exit: a read's `Ok(0)` (the end of the input) that is not taken as the end, \
        an error that is tried again for ever, a position that is not moved on; \
        or for work that is done anew at each step.";
    assert_eq!(message, expected);
}

#[test]
fn a_meeting_that_does_not_take_place() {
    let message = message_of("cases::meets");
    let (_, last_line) = message.rsplit_once('\n').unwrap();
    assert!(
        message.starts_with("cases::meets hangs: after 0.5 s its thread is blocked:"),
        "{message}"
    );
    assert_eq!(last_line, "Of 3 jobs that must be there at the same time, 2 are.");
}

#[test]
fn a_deadlock_under_a_paused_clock() {
    let message = message_of("cases::deadlock");
    let expected = "cases::deadlock hangs: after 1.5 s of virtual time every task waits, and no timer is left that could wake one. \
        It would wait for ever.\n\
        Look for two tasks that wait for each other, a channel whose other end is neither used nor dropped, \
        a lock held across an `.await`, a future that returns `Pending` and has given its waker to nobody.";
    assert_eq!(message, expected);
}

#[test]
fn a_deadlock_at_once() {
    let message = message_of("cases::pending");
    let expected = "cases::pending hangs: before any virtual time has passed, every task waits, and no timer is left that could wake one. ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn a_task_that_is_never_woken() {
    let message = message_of("cases::never_woken");
    let expected = "cases::never_woken hangs: before any virtual time has passed, every task waits, \
        though the one that the test awaits could go on. Nobody wakes it.\n\
        Look for a future that returns `Pending` without storing the waker, that keeps an old waker, \
        or that changes its state and does not call `wake`.";
    assert_eq!(message, expected);
}

#[test]
fn timers_for_ever() {
    let expected = "timers fire again and again, and it is not done.\n\
        Look for a loop around a `sleep` or an interval that waits for something that never happens.";
    assert_eq!(
        message_of("cases::ticks_slowly"),
        format!("cases::ticks_slowly hangs: twelve days of virtual time go by, {expected}")
    );
    assert_eq!(
        message_of("cases::ticks_fast"),
        format!("cases::ticks_fast hangs: after 0.5 s {expected}")
    );
}

#[test]
fn a_blocking_call_in_async_code() {
    let message = message_of("cases::blocks_in_a_poll");
    let expected = "cases::blocks_in_a_poll hangs: after 0.5 s a poll has not come back: it blocks the thread, and with it every other task.\n\
        Look for a blocking call in async code: `std::thread::sleep`, a `std::sync` lock or channel that waits, \
        blocking I/O, a `block_on`.";
    assert_eq!(message, expected);
    assert!(
        message_of("cases::blocks_in_a_spawned_task")
            .contains("it blocks the thread, and with it every other task.")
    );
    assert!(
        message_of("cases::blocks_before_the_first_poll")
            .contains("it blocks the thread, and with it every other task.")
    );
}

#[test]
fn a_poll_that_spins() {
    let message = message_of("cases::spins_in_a_poll");
    let expected = "cases::spins_in_a_poll hangs: after 0.5 s a poll has not come back: it spins, and no other task gets its turn.\n\
        Look for a loop with no exit and no `.await` that waits.";
    assert_eq!(message, expected);
}

#[test]
fn an_executor_that_spins() {
    let message = message_of("cases::yields_for_ever");
    let expected = "cases::yields_for_ever hangs: after 0.5 s the executor spins: tasks are polled again and again, and none gets anywhere.\n\
        Look for a future that wakes itself each time it returns `Pending`, \
        a loop around `yield_now`, or a loop around something that is always ready.";
    assert_eq!(message, expected);
    assert!(message_of("cases::a_spawned_task_yields_for_ever").contains("the executor spins:"));
}

#[test]
fn a_blocking_task_that_never_returns() {
    let message = message_of("cases::blocking_task");
    let expected = "cases::blocking_task hangs: after 0.5 s the runtime waits for something outside of it, and that does not come.\n\
        Look for a `spawn_blocking` whose closure never returns.";
    assert_eq!(message, expected);
}

#[test]
fn a_panic_passes_through_with_its_own_place_and_the_name_of_the_test() {
    for case in ["cases::panics", "cases::panics_in_async"] {
        let panic = failure_of(case, &[]);
        let (place, message) = panic.split_once(":\n").unwrap();
        let line = include_str!("hangs.rs")
            .lines()
            .position(|line| line.contains(&format!("// the place in {case}")))
            .unwrap()
            + 1;
        assert!(place.starts_with(&format!("exercises/proctor/tests/hangs.rs:{line}:")), "{place}");
        assert_eq!(message, "assertion `left == right` failed: crabs\n  left: 2\n right: 3");
    }
}

#[test]
fn a_body_with_panics_ends_its_runtime_though_a_blocking_task_hangs() {
    let panic = failure_of("cases::panics_beside_a_blocking_task", &[]);
    assert!(panic.ends_with(":\nout of luck"), "{panic}");
}

#[test]
fn a_bound_that_is_no_number_is_refused() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "cases::panics"])
        .env("PROCTOR_SECONDS", "soon")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let expected =
        "PROCTOR_SECONDS must be a number of seconds above zero, like 20 or 0.5; it is `soon`";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_name_is_known_without_a_thread_of_the_harness() {
    let panic = failure_of("cases::spins", &["--test-threads=1"]);
    assert!(panic.contains("\ncases::spins hangs: after 0.5 s"), "{panic}");
}

mod cases {
    use super::*;

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn blocked() {
        proctor::watch(|| {
            let lock = Mutex::new(());
            let (_sender, receiver) = mpsc::channel::<()>();
            let _held = lock.lock();
            receiver.recv()
        })
        .unwrap();
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn spins() {
        proctor::watch(|| {
            loop {
                std::hint::spin_loop();
            }
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn meets() {
        proctor::watch(|| {
            let meeting = Meeting::new(3, "jobs");
            let held = Meeting::new(2, "jobs of which none comes");
            let theirs = meeting.clone();
            let thread = thread::spawn(move || theirs.wait());
            meeting.wait();
            thread.join().unwrap();
            held.wait();
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn deadlock() {
        proctor::watch_async(async {
            let (_sender, receiver) = tokio::sync::oneshot::channel::<()>();
            let task = tokio::spawn(receiver);
            sleep(Duration::from_millis(1500)).await;
            task.await.unwrap().unwrap();
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn pending() {
        proctor::watch_local(|| {
            let not_send = std::rc::Rc::new(());
            async move {
                std::future::pending::<()>().await;
                drop(not_send);
            }
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn never_woken() {
        let mut polls = 0;
        proctor::watch_async(std::future::poll_fn(move |_| {
            polls += 1;
            if polls == 1 { Poll::Pending } else { Poll::Ready(()) }
        }));
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn ticks_slowly() {
        proctor::watch_async(async {
            loop {
                sleep(Duration::from_hours(1)).await;
            }
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn ticks_fast() {
        proctor::watch_async(async {
            loop {
                sleep(Duration::from_millis(1)).await;
            }
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn blocks_in_a_poll() {
        let (_sender, receiver) = mpsc::channel::<()>();
        proctor::watch_async(async move {
            tokio::task::yield_now().await;
            receiver.recv()
        })
        .unwrap();
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn blocks_in_a_spawned_task() {
        let (_sender, receiver) = mpsc::channel::<()>();
        proctor::watch_async(async {
            let task = tokio::spawn(async move { receiver.recv() });
            task.await.unwrap().unwrap();
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn blocks_before_the_first_poll() {
        let (_sender, receiver) = mpsc::channel::<()>();
        proctor::watch_local(move || {
            let message = receiver.recv();
            async move { message.unwrap() }
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn spins_in_a_poll() {
        proctor::watch_async(async {
            tokio::task::yield_now().await;
            loop {
                std::hint::spin_loop();
            }
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn yields_for_ever() {
        proctor::watch_async(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn a_spawned_task_yields_for_ever() {
        proctor::watch_async(async {
            let task = tokio::spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            task.await.unwrap();
        });
    }

    #[test]
    #[ignore = "hangs on purpose; the tests above run it"]
    fn blocking_task() {
        let (_sender, receiver) = mpsc::channel::<()>();
        proctor::watch_async(async {
            let task = tokio::task::spawn_blocking(move || receiver.recv());
            task.await.unwrap().unwrap();
        });
    }

    #[test]
    #[ignore = "panics on purpose; the tests above run it"]
    fn panics() {
        proctor::watch(|| {
            assert_eq!(1 + 1, 3, "crabs"); // the place in cases::panics
        });
    }

    #[test]
    #[ignore = "panics on purpose; the tests above run it"]
    fn panics_in_async() {
        proctor::watch_async(async {
            sleep(Duration::from_secs(1)).await;
            assert_eq!(1 + 1, 3, "crabs"); // the place in cases::panics_in_async
        });
    }

    #[test]
    #[ignore = "panics on purpose; the tests above run it"]
    fn panics_beside_a_blocking_task() {
        let (_sender, receiver) = mpsc::channel::<()>();
        proctor::watch_async(async {
            tokio::task::spawn_blocking(move || receiver.recv());
            panic!("out of luck");
        });
    }
}
