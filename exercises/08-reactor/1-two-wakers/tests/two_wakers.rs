//! A source whose socket and poller do what a test tells them to.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use executor::{Ebb, Park};
use proctor::count::{Task, Wakes};
use two_wakers::{Direction, Event, Source};

const READABLE: Event = Event { readable: true, writable: false, hang_up: false };
const WRITABLE: Event = Event { readable: false, writable: true, hang_up: false };
const BOTH: Event = Event { readable: true, writable: true, hang_up: false };
const HANG_UP: Event = Event { readable: false, writable: false, hang_up: true };
const BOTH_DIRECTIONS: [(Direction, Event); 2] =
    [(Direction::Read, READABLE), (Direction::Write, WRITABLE)];

/// The event, for a message.
fn told_of(event: Event) -> &'static str {
    match event {
        HANG_UP => "a hang-up",
        BOTH => "readable and writable",
        READABLE => "readable",
        WRITABLE => "writable",
        _ => "nothing",
    }
}

type Outcome = Result<usize, ErrorKind>;

/// One direction of a socket: how its next operations end. With none left, they would block.
#[derive(Default)]
struct Socket {
    outcomes: RefCell<VecDeque<Outcome>>,
    attempts: Cell<usize>,
}

impl Socket {
    fn with(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let socket = Self::default();
        socket.gets(outcomes);
        socket
    }

    fn gets(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        self.outcomes.borrow_mut().extend(outcomes);
    }

    fn poll(
        &self,
        source: &Source,
        direction: Direction,
        context: &mut Context<'_>,
    ) -> Poll<Outcome> {
        let operation = || {
            self.attempts.set(self.attempts.get() + 1);
            let next = self.outcomes.borrow_mut().pop_front();
            Ok(next.unwrap_or(Err(ErrorKind::WouldBlock))?)
        };
        let outcome = source.poll_io(direction, context, operation);
        outcome.map(|result| result.map_err(|error| error.kind()))
    }

    /// One operation, as a future, which leaves when it is dropped.
    fn operation<'a>(
        &'a self,
        source: &'a Source,
        direction: Direction,
    ) -> impl Future<Output = Outcome> + 'a {
        let leaving = Leaving { source, direction };
        async move {
            let outcome = poll_fn(|context| self.poll(source, direction, context)).await;
            std::mem::forget(leaving);
            outcome
        }
    }
}

struct Leaving<'a> {
    source: &'a Source,
    direction: Direction,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.source.leave(self.direction);
    }
}

#[test]
fn an_operation_waits_until_the_poller_has_told() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            let (source, socket) = (Source::new(), Socket::with([Ok(4)]));
            let mut task = Task::new(socket.operation(&source, direction));
            proctor::expect_eq!(
                task.poll(),
                Poll::Pending,
                "{direction:?}, before the poller has told"
            );
            proctor::expect_eq!(
                socket.attempts.get(),
                0,
                "how often the operation was tried before the poller has told; each try is a system call"
            );
            proctor::expect_eq!(task.wakes(), 0, "how often the task was woken by nothing");
            source.told(event);
            assert!(
                task.wakes() > 0,
                "the poller has told {}, and the task that waits to {direction:?} was not woken",
                told_of(event)
            );
            proctor::expect_eq!(
                task.poll(),
                Poll::Ready(Ok(4)),
                "{direction:?}, after the poller has told {}",
                told_of(event)
            );
            proctor::expect_eq!(
                socket.attempts.get(),
                1,
                "how often the operation was tried, when it went well at the first try"
            );
        }
    });
}

#[test]
fn a_reader_and_a_writer_both_wake() {
    proctor::watch(|| {
        for events in [&[READABLE, WRITABLE][..], &[WRITABLE, READABLE], &[BOTH]] {
            for reader_first in [true, false] {
                let source = Source::new();
                let (input, output) = (Socket::with([Ok(1)]), Socket::with([Ok(2)]));
                let mut reader = Task::new(input.operation(&source, Direction::Read));
                let mut writer = Task::new(output.operation(&source, Direction::Write));
                if reader_first {
                    proctor::expect_eq!(
                        reader.poll(),
                        Poll::Pending,
                        "a reader, polled before the poller has told"
                    );
                }
                proctor::expect_eq!(
                    writer.poll(),
                    Poll::Pending,
                    "a writer, polled before the poller has told"
                );
                if !reader_first {
                    proctor::expect_eq!(
                        reader.poll(),
                        Poll::Pending,
                        "a reader, polled before the poller has told"
                    );
                }
                let told =
                    events.iter().map(|event| told_of(*event)).collect::<Vec<_>>().join(", then ");
                for event in events {
                    source.told(*event);
                }
                let first = if reader_first { "reader" } else { "writer" };
                for (who, wakes) in [("reader", reader.wakes()), ("writer", writer.wakes())] {
                    assert!(
                        wakes > 0,
                        "a reader and a writer wait for one source, the {first} since before the other; \
                         the poller has told {told}, and the {who} was not woken"
                    );
                }
                proctor::expect_eq!(reader.poll(), Poll::Ready(Ok(1)), "the reader, woken");
                proctor::expect_eq!(writer.poll(), Poll::Ready(Ok(2)), "the writer, woken");
            }
        }
    });
}

#[test]
fn an_event_wakes_only_whom_it_concerns() {
    proctor::watch(|| {
        let (source, input, output) = (Source::new(), Socket::default(), Socket::default());
        let mut reader = Task::new(input.operation(&source, Direction::Read));
        let mut writer = Task::new(output.operation(&source, Direction::Write));
        proctor::expect_eq!(
            reader.poll(),
            Poll::Pending,
            "a reader, polled before the poller has told"
        );
        proctor::expect_eq!(
            writer.poll(),
            Poll::Pending,
            "a writer, polled before the poller has told"
        );
        source.told(WRITABLE);
        proctor::expect_eq!(
            reader.wakes(),
            0,
            "how often the reader was woken when there was room to write"
        );
        proctor::expect_eq!(
            reader.poll(),
            Poll::Pending,
            "a reader, polled after the poller has told of room to write"
        );
        proctor::expect_eq!(
            input.attempts.get(),
            0,
            "how often a read was tried when there was room to write"
        );
        proctor::expect_eq!(writer.poll(), Poll::Pending, "a writer that was told in vain");
        let before = writer.wakes();
        source.told(READABLE);
        proctor::expect_eq!(
            writer.wakes() - before,
            0,
            "how often the writer was woken when there was something to read"
        );
        proctor::expect_eq!(reader.poll(), Poll::Pending, "a reader that was told in vain");
        let before = (reader.wakes(), writer.wakes());
        source.told(Event::default());
        proctor::expect_eq!(
            (reader.wakes(), writer.wakes()),
            before,
            "how often the reader and the writer were woken, after an event that says nothing"
        );
    });
}

#[test]
fn an_event_that_nobody_waits_for_is_kept() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            for event in [event, BOTH, HANG_UP] {
                let (source, socket) = (Source::new(), Socket::with([Ok(4)]));
                source.told(event);
                // News of nothing does not undo it.
                source.told(Event::default());
                let mut task = Task::new(socket.operation(&source, direction));
                proctor::expect_eq!(
                    task.poll(),
                    Poll::Ready(Ok(4)),
                    "{direction:?} for the first time, after the poller has told {}; it will not tell again",
                    told_of(event)
                );
            }
        }
    });
}

#[test]
fn what_would_block_waits_for_the_next_event() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            let (source, socket) = (Source::new(), Socket::default());
            source.told(event);
            let mut task = Task::new(socket.operation(&source, direction));
            proctor::expect_eq!(task.poll(), Poll::Pending, "{direction:?}, told in vain");
            proctor::expect_eq!(
                socket.attempts.get(),
                1,
                "how often the operation was tried by one poll"
            );
            proctor::expect_eq!(task.wakes(), 0, "how often the task was woken by its own poll");
            proctor::expect_eq!(task.poll(), Poll::Pending, "{direction:?}, polled once more");
            proctor::expect_eq!(
                socket.attempts.get(),
                1,
                "how often the operation was tried: it would have blocked, and the poller has told nothing since"
            );
            socket.gets([Ok(4)]);
            source.told(event);
            assert!(
                task.wakes() > 0,
                "an operation would have blocked, the poller has told {} after that, and its task was not woken",
                told_of(event)
            );
            proctor::expect_eq!(task.poll(), Poll::Ready(Ok(4)), "{direction:?}, told again");
        }
    });
}

#[test]
fn what_would_block_leaves_its_waker() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            let (source, socket) = (Source::new(), Socket::default());
            source.told(event);
            let mut task = Task::new(socket.operation(&source, direction));
            proctor::expect_eq!(task.poll(), Poll::Pending, "{direction:?}, told in vain");
            source.told(event);
            assert!(
                task.wakes() > 0,
                "the first poll of a task found the mark, and its operation would have blocked; \
                 the poller has told {} after that, and the task was not woken",
                told_of(event)
            );
        }
    });
}

#[test]
fn one_event_is_good_for_many_operations() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            let (source, socket) = (Source::new(), Socket::with([Ok(4), Ok(4), Ok(1)]));
            source.told(event);
            for (number, moved) in [(1, 4), (2, 4), (3, 1)] {
                proctor::expect_eq!(
                    Task::new(socket.operation(&source, direction)).poll(),
                    Poll::Ready(Ok(moved)),
                    "operation {number} to {direction:?} after one event: none has found that it would block"
                );
            }
            let mut task = Task::new(socket.operation(&source, direction));
            proctor::expect_eq!(task.poll(), Poll::Pending, "an operation that would block");
        }
    });
}

#[test]
fn what_would_block_concerns_one_direction() {
    proctor::watch(|| {
        for (direction, other) in
            [(Direction::Read, Direction::Write), (Direction::Write, Direction::Read)]
        {
            let (source, empty, socket) = (Source::new(), Socket::default(), Socket::with([Ok(4)]));
            source.told(BOTH);
            let mut task = Task::new(empty.operation(&source, direction));
            proctor::expect_eq!(task.poll(), Poll::Pending, "{direction:?} would block");
            proctor::expect_eq!(
                Task::new(socket.operation(&source, other)).poll(),
                Poll::Ready(Ok(4)),
                "{other:?} after an event for both, when {direction:?} would have blocked"
            );
        }
    });
}

#[test]
fn an_error_is_the_callers() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            for kind in [ErrorKind::ConnectionReset, ErrorKind::Interrupted] {
                let (source, socket) = (Source::new(), Socket::with([Err(kind), Ok(0)]));
                source.told(event);
                proctor::expect_eq!(
                    Task::new(socket.operation(&source, direction)).poll(),
                    Poll::Ready(Err(kind)),
                    "an operation to {direction:?} that fails"
                );
                proctor::expect_eq!(
                    Task::new(socket.operation(&source, direction)).poll(),
                    Poll::Ready(Ok(0)),
                    "the operation after one that failed with {kind:?}: nothing would have blocked, so the mark is there"
                );
            }
        }
    });
}

#[test]
fn a_hang_up_wakes_both() {
    proctor::watch(|| {
        let source = Source::new();
        let (input, output) = (Socket::with([Ok(0)]), Socket::with([Err(ErrorKind::BrokenPipe)]));
        let mut reader = Task::new(input.operation(&source, Direction::Read));
        let mut writer = Task::new(output.operation(&source, Direction::Write));
        proctor::expect_eq!(
            reader.poll(),
            Poll::Pending,
            "a reader, polled before the poller has told"
        );
        proctor::expect_eq!(
            writer.poll(),
            Poll::Pending,
            "a writer, polled before the poller has told"
        );
        source.told(HANG_UP);
        for (who, wakes) in [("reader", reader.wakes()), ("writer", writer.wakes())] {
            assert!(
                wakes > 0,
                "the other side has hung up, and the {who} was not woken: it waits for somebody who is gone"
            );
        }
        proctor::expect_eq!(reader.poll(), Poll::Ready(Ok(0)), "the reader after a hang-up");
        proctor::expect_eq!(
            writer.poll(),
            Poll::Ready(Err(ErrorKind::BrokenPipe)),
            "the writer after a hang-up"
        );
    });
}

#[test]
fn the_latest_waker_is_woken() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            let (source, socket) = (Source::new(), Socket::default());
            let mut task = Task::new(socket.operation(&source, direction));
            proctor::expect_eq!(
                task.poll(),
                Poll::Pending,
                "an operation, polled before the poller has told"
            );
            proctor::expect_eq!(
                task.poll_with_new_waker(),
                Poll::Pending,
                "the same, polled by another task"
            );
            source.told(event);
            assert!(
                task.wakes() > 0,
                "two tasks have polled to {direction:?}, one after the other; the poller has told, and the one that polled last was not woken"
            );
            proctor::expect_eq!(
                task.poll_with_new_waker(),
                Poll::Pending,
                "the same, told in vain and polled by a third task"
            );
            source.told(event);
            assert!(
                task.wakes() > 0,
                "a third task has polled to {direction:?}, and its operation would have blocked; the poller has told, and that task was not woken"
            );
        }
    });
}

#[test]
fn whoever_leaves_takes_one_waker() {
    proctor::watch(|| {
        for (direction, other, event) in [
            (Direction::Read, Direction::Write, WRITABLE),
            (Direction::Write, Direction::Read, READABLE),
        ] {
            let (source, empty, socket) = (Source::new(), Socket::default(), Socket::with([Ok(4)]));
            let counter = Wakes::new();
            let waker = counter.waker();
            let mut leaver = Box::pin(empty.operation(&source, direction));
            let mut context = Context::from_waker(&waker);
            proctor::expect_eq!(
                leaver.as_mut().poll(&mut context),
                Poll::Pending,
                "an operation, polled before the poller has told"
            );
            drop(waker);
            let mut stays = Task::new(socket.operation(&source, other));
            proctor::expect_eq!(
                stays.poll(),
                Poll::Pending,
                "an operation in the other direction, polled before the poller has told"
            );
            drop(leaver);
            proctor::expect_eq!(
                counter.wakers(),
                0,
                "how many wakers of a task are kept that waits to {direction:?} no more"
            );
            source.told(event);
            assert!(
                stays.wakes() > 0,
                "a future that waited to {direction:?} was dropped; the poller has told {}, \
                 and the task that waits to {other:?} was not woken",
                told_of(event)
            );
            proctor::expect_eq!(stays.poll(), Poll::Ready(Ok(4)), "{other:?}, woken");
        }
    });
}

#[test]
fn whoever_leaves_takes_no_mark() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            let (source, socket) = (Source::new(), Socket::with([Ok(4)]));
            let mut leaver = Task::new(socket.operation(&source, direction));
            proctor::expect_eq!(
                leaver.poll(),
                Poll::Pending,
                "an operation, polled before the poller has told"
            );
            source.told(event);
            // Woken, and dropped before it was polled: a timeout was faster.
            drop(leaver);
            proctor::expect_eq!(
                Task::new(socket.operation(&source, direction)).poll(),
                Poll::Ready(Ok(4)),
                "{direction:?} after an event, when the future that was woken for it has been dropped; the poller will not tell again"
            );
        }
    });
}

thread_local! {
    /// The source that the eager waker polls: a waker must be `Send`, and a source is not.
    static SOURCE: RefCell<Rc<Source>> = RefCell::new(Rc::new(Source::new()));
}

/// A waker that polls both directions before it returns, as an executor might that runs whom it wakes.
#[derive(Default)]
struct Eager {
    found: Mutex<Vec<(bool, bool)>>,
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let source = SOURCE.with_borrow(Rc::clone);
        let mut context = Context::from_waker(Waker::noop());
        let mut marked = |direction| source.poll_io(direction, &mut context, || Ok(())).is_ready();
        let found = (marked(Direction::Read), marked(Direction::Write));
        self.found.lock().unwrap().push(found);
    }
}

#[test]
fn a_task_may_poll_before_the_wake_returns() {
    proctor::watch(|| {
        for (direction, event) in BOTH_DIRECTIONS {
            for event in [event, BOTH, HANG_UP] {
                let source = Rc::new(Source::new());
                SOURCE.set(Rc::clone(&source));
                let eager = Arc::new(Eager::default());
                let waker = Waker::from(Arc::clone(&eager));
                let mut context = Context::from_waker(&waker);
                assert!(
                    source.poll_io(direction, &mut context, || Ok(())).is_pending(),
                    "an operation was polled before the poller has told, and did not wait"
                );
                let told = std::panic::AssertUnwindSafe(|| source.told(event));
                assert!(
                    std::panic::catch_unwind(told).is_ok(),
                    "a task was polled before `wake` returned, and `told` was in the way (its message is above): \
                     end the borrow first, and wake last"
                );
                let found = eager.found.lock().unwrap().first().copied();
                let marked = found.map(|(read, write)| match direction {
                    Direction::Read => read,
                    Direction::Write => write,
                });
                proctor::expect_eq!(
                    marked,
                    Some(true),
                    "whether {direction:?} was marked, as a task found it that was woken by an event ({}) and polled before `wake` returned",
                    told_of(event)
                );
            }
        }
    });
}

/// What becomes of the socket in one step of the script: what reads bring, what writes take, what the poller tells.
struct Step(&'static [Outcome], &'static [Outcome], Event);

/// A poller that follows a script.
struct Poller {
    source: Rc<Source>,
    input: Rc<Socket>,
    output: Rc<Socket>,
    steps: VecDeque<Step>,
    log: Rc<RefCell<Vec<String>>>,
}

impl Park for Poller {
    fn park(&mut self, timeout: Option<Duration>) {
        if timeout == Some(Duration::ZERO) {
            return;
        }
        let Some(Step(reads, writes, event)) = self.steps.pop_front() else {
            panic!(
                "every task waits, and the poller has told all that there is to tell. Somebody was not woken. \
                 So far: {:?}",
                self.log.borrow()
            );
        };
        self.input.gets(reads.iter().copied());
        self.output.gets(writes.iter().copied());
        self.source.told(event);
    }

    fn interrupt(&self) -> Waker {
        Waker::noop().clone()
    }
}

#[test]
fn two_tasks_share_a_source_on_ebb() {
    proctor::watch(|| {
        let (source, input, output) =
            (Rc::new(Source::new()), Rc::new(Socket::default()), Rc::new(Socket::default()));
        let log = Rc::new(RefCell::new(Vec::new()));
        let steps = [
            Step(&[], &[Ok(3)], WRITABLE),
            Step(&[Ok(5)], &[], READABLE),
            Step(&[], &[], READABLE),
            Step(&[Ok(6), Ok(7)], &[Ok(2)], BOTH),
            Step(&[], &[Ok(4)], WRITABLE),
            Step(&[Ok(0)], &[Err(ErrorKind::BrokenPipe)], HANG_UP),
        ];
        let poller = Poller {
            source: Rc::clone(&source),
            input: Rc::clone(&input),
            output: Rc::clone(&output),
            steps: VecDeque::from(steps),
            log: Rc::clone(&log),
        };
        let mut ebb = Ebb::with_park(poller);
        let lane = |direction, socket: &Rc<Socket>| {
            let (source, socket, log) = (Rc::clone(&source), Rc::clone(socket), Rc::clone(&log));
            async move {
                loop {
                    let outcome = socket.operation(&source, direction).await;
                    log.borrow_mut().push(format!("{direction:?} {outcome:?}"));
                    if !matches!(outcome, Ok(1..)) {
                        break;
                    }
                }
            }
        };
        let reader = lane(Direction::Read, &input);
        let writer = lane(Direction::Write, &output);
        ebb.block_on(async {
            let reader = executor::spawn(reader);
            writer.await;
            reader.await.unwrap();
        });
        let of = |direction: &str| -> Vec<String> {
            log.borrow().iter().filter(|line| line.starts_with(direction)).cloned().collect()
        };
        proctor::expect_eq!(
            of("Read"),
            ["Read Ok(5)", "Read Ok(6)", "Read Ok(7)", "Read Ok(0)"],
            "what the reader's task did"
        );
        proctor::expect_eq!(
            of("Write"),
            ["Write Ok(3)", "Write Ok(2)", "Write Ok(4)", "Write Err(BrokenPipe)"],
            "what the writer's task did"
        );
        proctor::expect_eq!(
            (input.attempts.get(), output.attempts.get()),
            (7, 7),
            "how many reads and writes were tried, those included that would have blocked"
        );
    });
}
