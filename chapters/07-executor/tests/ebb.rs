//! What the library promises, on a virtual clock.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use executor::{
    Ebb, Happening, JoinError, JoinHandle, Park, TaskGroup, ThreadPark, block_on, interval,
    join_all, now, park_handle, poll_proceed, sleep, spawn, yield_now,
};
use proctor::count::{Drops, Polls, Probe, Wakes};
use proctor::{expect_eq, watch};

const SECOND: Duration = Duration::from_secs(1);

fn ebb<T>(body: impl Future<Output = T>) -> T {
    Ebb::with_virtual_clock().block_on(body)
}

#[test]
fn block_on_polls_again_when_the_future_woke_itself() {
    watch(|| {
        let polls = Polls::new();
        block_on(polls.of(yield_now()));
        expect_eq!(polls.count(), 2, "the polls");
    });
}

#[test]
fn block_on_survives_a_future_that_takes_the_threads_token() {
    watch(|| {
        let mut woken = false;
        block_on(poll_fn(|context| {
            if woken {
                return Poll::Ready(());
            }
            woken = true;
            context.waker().wake_by_ref();
            thread::park();
            Poll::Pending
        }));
    });
}

#[test]
fn a_wake_from_another_thread_ends_the_wait() {
    watch(|| {
        let (send, receive) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || receive.recv().unwrap().wake());
        let mut left = false;
        Ebb::new().block_on(spawn_in(poll_fn(move |context| {
            if left {
                return Poll::Ready(());
            }
            left = true;
            send.send(context.waker().clone()).unwrap();
            Poll::Pending
        })));
        other.join().unwrap();
    });
}

async fn spawn_in<T: 'static>(future: impl Future<Output = T> + 'static) -> T {
    spawn(future).await.unwrap()
}

#[test]
fn tasks_run_in_the_order_in_which_they_were_queued() {
    watch(|| {
        let log = Rc::new(RefCell::new(Vec::new()));
        ebb(async {
            let mut group = TaskGroup::new();
            for name in ["a", "b", "c"] {
                let log = Rc::clone(&log);
                group.spawn(async move {
                    for turn in 1..=2 {
                        log.borrow_mut().push(format!("{name}{turn}"));
                        yield_now().await;
                    }
                });
            }
            group.join().await.unwrap();
        });
        expect_eq!(log.borrow().join(" "), "a1 b1 c1 a2 b2 c2", "the turns");
    });
}

#[test]
fn wakes_before_a_poll_are_one() {
    watch(|| {
        let polls = Polls::new();
        let waker = Rc::new(RefCell::new(None::<Waker>));
        let kept = Rc::clone(&waker);
        ebb(async {
            let mut woken = false;
            let handle = spawn(polls.of(poll_fn(move |context| {
                *kept.borrow_mut() = Some(context.waker().clone());
                if std::mem::replace(&mut woken, true) { Poll::Ready(()) } else { Poll::Pending }
            })));
            yield_now().await;
            let waker = waker.borrow().clone().unwrap();
            (0..5).for_each(|_| waker.wake_by_ref());
            handle.await.unwrap();
            waker.wake();
            yield_now().await;
        });
        expect_eq!(polls.count(), 2, "the polls");
    });
}

#[test]
fn a_wake_during_the_poll_is_kept() {
    watch(|| {
        let count = Rc::new(Cell::new(0));
        let seen = Rc::clone(&count);
        ebb(spawn_in(poll_fn(move |context| {
            seen.set(seen.get() + 1);
            // Many wakes, one more poll.
            (0..5).for_each(|_| context.waker().wake_by_ref());
            if seen.get() == 3 { Poll::Ready(()) } else { Poll::Pending }
        })));
        expect_eq!(count.get(), 3, "the polls");
    });
}

#[test]
fn a_probe_is_polled_once_before_and_once_after_it_is_finished() {
    watch(|| {
        let probe = Probe::new();
        let future = probe.future();
        ebb(async {
            let handle = spawn(future);
            yield_now().await;
            sleep(SECOND).await;
            probe.finish(7);
            expect_eq!(handle.await.unwrap(), 7, "the output");
        });
        expect_eq!(probe.polls(), 2, "the polls");
    });
}

#[test]
fn a_panic_is_an_error_value() {
    watch(|| {
        let error = ebb(async {
            let broken: JoinHandle<()> = spawn(async { panic!("out of shells") });
            broken.await.unwrap_err()
        });
        expect_eq!(error.to_string(), "the task panicked: out of shells", "the error");
    });
}

#[test]
fn abort_drops_the_future_before_the_handle_is_ready() {
    watch(|| {
        let drops = Drops::new();
        let token = drops.token();
        ebb(async {
            let handle = spawn(async move {
                let _token = token;
                pending::<()>().await;
            });
            yield_now().await;
            handle.abort();
            expect_eq!(drops.dropped(), 0, "the drops when abort has returned");
            let error = handle.await.unwrap_err();
            expect_eq!(drops.dropped(), 1, "the drops when the handle is ready");
            assert!(matches!(error, JoinError::Aborted));
        });
    });
}

#[test]
fn a_task_may_abort_itself_and_end_with_its_output() {
    watch(|| {
        ebb(async {
            let slot = Rc::new(RefCell::new(None::<executor::AbortHandle>));
            let mine = Rc::clone(&slot);
            let handle = spawn(async move {
                mine.borrow().as_ref().unwrap().abort();
                5
            });
            *slot.borrow_mut() = Some(handle.abort_handle());
            expect_eq!(handle.await.unwrap(), 5, "the output");
        });
    });
}

#[test]
fn an_abort_from_another_thread_arrives() {
    watch(|| {
        Ebb::new().block_on(async {
            let handle = spawn(pending::<()>());
            let aborter = handle.abort_handle();
            let other = thread::spawn(move || aborter.abort());
            assert!(handle.await.unwrap_err().is_aborted());
            other.join().unwrap();
        });
    });
}

#[test]
fn a_detached_task_runs_on() {
    watch(|| {
        let done = Rc::new(Cell::new(false));
        let seen = Rc::clone(&done);
        ebb(async move {
            drop(spawn(async move {
                sleep(SECOND).await;
                seen.set(true);
            }));
            sleep(2 * SECOND).await;
        });
        assert!(done.get(), "the task that nobody waited for did not run to its end");
    });
}

#[test]
fn a_late_join_gets_the_output() {
    watch(|| {
        ebb(async {
            let handle = spawn(ready(3));
            sleep(SECOND).await;
            assert!(handle.is_finished());
            expect_eq!(handle.await.unwrap(), 3, "the output");
        });
    });
}

#[test]
fn tasks_and_timers_are_dropped_with_their_executor() {
    watch(|| {
        let drops = Drops::new();
        let mut ebb = Ebb::with_virtual_clock();
        let token = drops.token();
        let handle = ebb.spawn(async move {
            let _token = token;
            sleep(SECOND).await;
        });
        ebb.block_on(yield_now());
        expect_eq!((ebb.tasks(), ebb.timers()), (1, 1), "tasks and timers left");
        drop(ebb);
        expect_eq!(drops.alive(), 0, "the futures left");
        assert!(block_on(handle).unwrap_err().is_aborted());
    });
}

#[test]
fn a_virtual_clock_jumps_from_deadline_to_deadline() {
    watch(|| {
        ebb(async {
            let times = join_all([3, 1, 2].map(|seconds| async move {
                sleep(seconds * 60 * SECOND).await;
                now().as_secs()
            }));
            expect_eq!(times.await, [180, 60, 120], "the times");
        });
    });
}

#[test]
fn a_virtual_clock_stands_still_while_a_task_can_go_on() {
    watch(|| {
        ebb(async {
            let sleeper = spawn(sleep(SECOND));
            for _ in 0..1_000 {
                yield_now().await;
            }
            expect_eq!(now(), Duration::ZERO, "the time");
            sleeper.await.unwrap();
            expect_eq!(now(), SECOND, "the time");
        });
    });
}

#[test]
fn a_dropped_sleep_takes_its_timer_back() {
    watch(|| {
        let mut ebb = Ebb::with_virtual_clock();
        ebb.block_on(async {
            let handle = spawn(sleep(SECOND));
            yield_now().await;
            handle.abort();
            assert!(handle.await.is_err());
        });
        expect_eq!(ebb.timers(), 0, "the timers left");
    });
}

#[test]
fn equal_deadlines_come_in_the_order_of_the_sleeps() {
    watch(|| {
        let log = Rc::new(RefCell::new(Vec::new()));
        ebb(async {
            let mut group = TaskGroup::new();
            for number in 0..5 {
                let log = Rc::clone(&log);
                group.spawn(async move {
                    sleep(SECOND).await;
                    log.borrow_mut().push(number);
                });
            }
            group.join().await.unwrap();
        });
        expect_eq!(*log.borrow(), [0, 1, 2, 3, 4], "the order");
    });
}

#[test]
fn an_intervals_lateness_does_not_add_up() {
    watch(|| {
        ebb(async {
            let mut interval = interval(SECOND);
            let mut ticks = Vec::new();
            for _ in 0..4 {
                ticks.push(interval.tick().await.as_millis());
                sleep(Duration::from_millis(if ticks.len() == 2 { 2_500 } else { 300 })).await;
            }
            expect_eq!(ticks, [0, 1_000, 2_000, 4_000], "the ticks");
        });
    });
}

#[test]
fn a_group_that_is_dropped_aborts_its_tasks() {
    watch(|| {
        let drops = Drops::new();
        ebb(async {
            let mut group = TaskGroup::new();
            for _ in 0..3 {
                let token = drops.token();
                group.spawn(async move {
                    let _token = token;
                    pending::<()>().await;
                });
            }
            yield_now().await;
            drop(group);
            yield_now().await;
            expect_eq!(drops.alive(), 0, "the futures left after a turn for each");
        });
    });
}

#[test]
fn a_groups_first_failure_aborts_the_others() {
    watch(|| {
        ebb(async {
            let mut group = TaskGroup::new();
            group.spawn(async { sleep(3600 * SECOND).await });
            group.spawn(async {
                sleep(SECOND).await;
                panic!("pinched");
            });
            let error = group.join().await.unwrap_err();
            expect_eq!(error.to_string(), "the task panicked: pinched", "the error");
            expect_eq!(now(), SECOND, "the time");
        });
    });
}

#[test]
fn a_join_handle_wakes_the_waker_of_its_last_poll() {
    watch(|| {
        let (old, new) = (Wakes::new(), Wakes::new());
        let mut ebb = Ebb::with_virtual_clock();
        let mut handle = ebb.spawn(sleep(SECOND));
        for wakes in [&old, &new] {
            let waker = wakes.waker();
            let mut context = Context::from_waker(&waker);
            assert!(Pin::new(&mut handle).poll(&mut context).is_pending());
        }
        ebb.block_on(sleep(2 * SECOND));
        expect_eq!((old.count(), new.count()), (0, 1), "the wakes of the first waker and the last");
    });
}

#[test]
fn a_watcher_sees_the_queue() {
    watch(|| {
        let log = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&log);
        let mut ebb = Ebb::with_virtual_clock();
        ebb.watch(move |event| {
            if let Happening::Begins(task) = event.what {
                let queue: Vec<_> = event.queue.iter().map(ToString::to_string).collect();
                seen.borrow_mut().push(format!("{task} [{}]", queue.join(", ")));
            }
        });
        ebb.block_on(async {
            let first = spawn(yield_now());
            let second = spawn(yield_now());
            first.await.unwrap();
            second.await.unwrap();
        });
        let expected = [
            "main []",
            "task 1 [task 2]",
            "task 2 [task 1]",
            "task 1 [task 2]",
            "task 2 [main]",
            "main []",
        ];
        expect_eq!(*log.borrow(), expected, "the turns, and who was left in the queue");
    });
}

#[test]
fn wakes_from_many_threads_are_all_answered() {
    watch(|| {
        let (send, receive) = mpsc::channel::<Waker>();
        let receive = Arc::new(std::sync::Mutex::new(receive));
        let wakers: Vec<_> = (0..4)
            .map(|_| {
                let receive = Arc::clone(&receive);
                thread::spawn(move || {
                    loop {
                        let next = receive.lock().unwrap().recv();
                        let Ok(waker) = next else { return };
                        waker.wake();
                    }
                })
            })
            .collect();
        let mut ebb = Ebb::new();
        ebb.block_on(async move {
            let mut group = TaskGroup::new();
            for _ in 0..50 {
                let send = send.clone();
                group.spawn(async move {
                    for _ in 0..50 {
                        let mut left = false;
                        poll_fn(|context| {
                            if std::mem::replace(&mut left, true) {
                                return Poll::Ready(());
                            }
                            send.send(context.waker().clone()).unwrap();
                            Poll::Pending
                        })
                        .await;
                    }
                });
            }
            drop(send);
            group.join().await.unwrap();
        });
        expect_eq!((ebb.tasks(), ebb.timers()), (0, 0), "tasks and timers left");
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

#[test]
fn a_task_that_could_go_on_for_ever_is_stopped_when_its_budget_is_spent() {
    watch(|| {
        let steps = Rc::new(Cell::new(0));
        let seen = Rc::clone(&steps);
        let turn = Rc::new(Cell::new(0));
        let others = Rc::clone(&turn);
        ebb(async move {
            let greedy = spawn(async move {
                for _ in 0..200 {
                    poll_fn(poll_proceed).await;
                    steps.set(steps.get() + 1);
                }
            });
            let other = spawn(async move { others.set(seen.get()) });
            other.await.unwrap();
            greedy.await.unwrap();
        });
        expect_eq!(turn.get(), 128, "the steps before the other task had its turn");
    });
}

#[test]
fn futures_find_what_their_park_is_for() {
    struct Sockets(ThreadPark);
    impl Park for Sockets {
        fn park(&mut self, timeout: Option<Duration>) {
            self.0.park(timeout);
        }
        fn interrupt(&self) -> Waker {
            self.0.interrupt()
        }
        fn handle(&self) -> Option<Rc<dyn Any>> {
            Some(Rc::new("sockets"))
        }
    }
    watch(|| {
        let found = Ebb::with_park(Sockets(ThreadPark::new()))
            .block_on(async { park_handle::<&str>().map(|handle| *handle) });
        expect_eq!(found, Some("sockets"), "the handle");
        expect_eq!(ebb(async { park_handle::<&str>() }), None, "the handle of a plain executor");
        expect_eq!(park_handle::<&str>(), None, "the handle outside");
    });
}

#[test]
fn a_panic_of_the_main_future_leaves_the_executor_usable() {
    watch(|| {
        let mut ebb = Ebb::with_virtual_clock();
        let task = ebb.spawn(sleep(SECOND));
        let late = Rc::new(RefCell::new(None::<Waker>));
        let kept = Rc::clone(&late);
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            ebb.block_on(async move {
                yield_now().await;
                poll_fn(|context| -> Poll<()> {
                    context.waker().wake_by_ref();
                    *kept.borrow_mut() = Some(context.waker().clone());
                    panic!("pinched");
                })
                .await;
            });
        }));
        assert!(broken.is_err(), "the panic did not come out of block_on");
        late.take().unwrap().wake();
        let polls = Polls::new();
        ebb.block_on(polls.of(async { task.await.unwrap() }));
        expect_eq!(polls.count(), 2, "the polls of the next main future");
    });
}

#[test]
fn a_park_that_panics_leaves_no_turn_behind() {
    struct Broken(ThreadPark, bool);
    impl Park for Broken {
        fn park(&mut self, timeout: Option<Duration>) {
            assert!(std::mem::replace(&mut self.1, true), "the poller is broken");
            self.0.park(timeout);
        }
        fn interrupt(&self) -> Waker {
            self.0.interrupt()
        }
    }
    watch(|| {
        let mut ebb = Ebb::with_park(Broken(ThreadPark::new(), false));
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // The main future is queued when the executor looks at its park.
            ebb.block_on(async {
                for _ in 0..100 {
                    yield_now().await;
                }
            });
        }));
        assert!(broken.is_err(), "the panic did not come out of block_on");
        let polls = Polls::new();
        let task = ebb.spawn(yield_now());
        ebb.block_on(polls.of(async { task.await.unwrap() }));
        expect_eq!(polls.count(), 2, "the polls of the next main future");
    });
}

#[test]
fn a_sleep_that_moves_to_another_executor_is_woken_there() {
    watch(|| {
        let mut sleeper = Box::pin(sleep(SECOND));
        let mut first = Ebb::with_virtual_clock();
        first.block_on(poll_fn(|context| {
            assert!(sleeper.as_mut().poll(context).is_pending());
            Poll::Ready(())
        }));
        let mut second = Ebb::with_virtual_clock();
        second.block_on(async {
            // Its timer is the first of its executor, and due at the same time, as the other's was.
            let own = spawn(sleep(SECOND));
            yield_now().await;
            sleeper.await;
            own.await.unwrap();
        });
        expect_eq!(second.timers(), 0, "the timers left");
    });
}

#[test]
fn a_sleep_may_be_in_a_future_that_must_be_send() {
    fn needs_send(_: impl Send + Sync) {}
    needs_send(sleep(SECOND));
}

#[test]
fn a_group_forgets_the_tasks_whose_results_were_handed_out() {
    watch(|| {
        ebb(async {
            let mut group = TaskGroup::new();
            group.spawn(sleep(60 * SECOND));
            for _ in 0..3 {
                group.spawn(sleep(SECOND));
                group.next().await.unwrap().unwrap();
            }
            expect_eq!(now(), 3 * SECOND, "the time when three short tasks have ended");
            group.next().await.unwrap().unwrap();
            assert!(group.next().await.is_none());
        });
    });
}

#[test]
fn three_timers_that_are_due_together_are_one_wake() {
    watch(|| {
        let polls = Polls::new();
        let guide = polls.of(async {
            join_all([(); 3].map(|()| sleep(12 * SECOND))).await;
            sleep(SECOND).await;
        });
        ebb(spawn_in(guide));
        expect_eq!(polls.count(), 3, "the polls: one before noon, one at noon, one after it");
    });
}

#[test]
fn a_future_that_is_dropped_with_its_executor_may_spawn() {
    struct Spawns;
    impl Drop for Spawns {
        fn drop(&mut self) {
            drop(spawn(pending::<()>()));
        }
    }
    watch(|| {
        let mut ebb = Ebb::with_virtual_clock();
        let handle = ebb.spawn(async {
            let _spawns = Spawns;
            pending::<()>().await;
        });
        ebb.block_on(yield_now());
        drop(ebb);
        expect_eq!(
            block_on(handle).unwrap_err().to_string(),
            "the task was aborted before it was done",
            "the error"
        );
    });
}

#[test]
fn a_sleep_that_outlives_its_executor_leaves_the_next_ones_timers_alone() {
    watch(|| {
        for _ in 0..100 {
            let mut sleeper = Box::pin(sleep(SECOND));
            Ebb::with_virtual_clock().block_on(poll_fn(|context| {
                assert!(sleeper.as_mut().poll(context).is_pending());
                Poll::Ready(())
            }));
            // The next executor may lie where the last one lay, and its first timer is due at the same time.
            let mut ebb = Ebb::with_virtual_clock();
            ebb.block_on(async {
                let own = spawn(sleep(SECOND));
                yield_now().await;
                drop(sleeper);
                own.await.unwrap();
            });
        }
    });
}

#[test]
fn a_watcher_may_spawn_and_wake() {
    watch(|| {
        let mut ebb = Ebb::with_virtual_clock();
        let spawned = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&spawned);
        ebb.watch(move |_| {
            slot.borrow_mut().get_or_insert_with(|| spawn(ready(3)));
        });
        ebb.block_on(yield_now());
        let handle = spawned.take().unwrap();
        expect_eq!(ebb.block_on(handle).unwrap(), 3, "the output of the watcher's task");
    });
}

#[test]
fn what_a_watcher_spawns_when_nothing_can_go_on_goes_on() {
    watch(|| {
        let mut ebb = Ebb::new();
        let waiter = Rc::new(RefCell::new(None::<Waker>));
        let kept = Rc::clone(&waiter);
        ebb.watch(move |event| {
            if matches!(event.what, Happening::Idles { .. }) {
                let waiter = kept.take();
                drop(spawn(async move { waiter.into_iter().for_each(Waker::wake) }));
            }
        });
        let mut left = false;
        ebb.block_on(poll_fn(|context| {
            *waiter.borrow_mut() = Some(context.waker().clone());
            if std::mem::replace(&mut left, true) { Poll::Ready(()) } else { Poll::Pending }
        }));
    });
}

#[test]
fn ticks_that_nobody_waited_for_are_one_however_many() {
    watch(|| {
        ebb(async {
            let mut interval = interval(Duration::from_nanos(1));
            interval.tick().await;
            sleep(60 * SECOND).await;
            interval.tick().await;
            let due = interval.tick().await;
            expect_eq!(due, 60 * SECOND + Duration::from_nanos(1), "the tick after the late one");
        });
    });
}

#[test]
fn a_group_survives_a_spawn_that_failed() {
    watch(|| {
        let mut group = TaskGroup::new();
        let outside = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            group.spawn(ready(1));
        }));
        assert!(outside.is_err(), "a task was spawned outside of an executor");
        ebb(async {
            group.spawn(ready(2));
            let result = group.next().await.expect("a task is left");
            expect_eq!(result.unwrap(), 2, "the output");
        });
    });
}

#[test]
fn a_future_and_an_output_that_panic_when_they_are_dropped_do_not_take_the_loop_down() {
    struct Shell(&'static str);
    impl Drop for Shell {
        fn drop(&mut self) {
            panic!("{} cracked", self.0);
        }
    }
    watch(|| {
        let future = Shell("the future");
        let crab = poll_fn(move |_| {
            let _mine = &future;
            Poll::Ready(Shell("the output"))
        });
        let result = ebb(async { spawn(crab).await.map(std::mem::forget) });
        expect_eq!(
            result.unwrap_err().to_string(),
            "the task panicked: the future cracked",
            "the error"
        );
    });
}

thread_local! {
    /// Here, because a waker must be `Send` and a handle is not.
    static WAITING: RefCell<Option<JoinHandle<u8>>> = const { RefCell::new(None) };
    static FOUND: Cell<(bool, bool)> = const { Cell::new((false, false)) };
}

#[test]
fn a_handle_that_is_ready_is_finished_and_a_waker_that_panics_takes_nothing_down() {
    struct Looks;
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            let mut handle = WAITING.take().unwrap();
            let outcome = Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
            let found = (outcome.is_ready(), handle.is_finished());
            FOUND.set(found);
            panic!("the bell cracked");
        }
    }
    watch(|| {
        let mut ebb = Ebb::with_virtual_clock();
        let mut handle = ebb.spawn(ready(7));
        let waker = Waker::from(Arc::new(Looks));
        assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)).is_pending());
        WAITING.set(Some(handle));
        ebb.block_on(yield_now());
        expect_eq!(
            FOUND.get(),
            (true, true),
            "whether the handle was ready, and finished, inside of the wake"
        );
        expect_eq!(ebb.tasks(), 0, "the tasks left");
    });
}
