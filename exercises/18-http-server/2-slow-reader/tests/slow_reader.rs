//! A stream that takes what it is told to, and those who wait for it.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use gateway::Disconnected;
use proctor::count::{Drops, Task, Token};
use slow_reader::{BodySender, body};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep};

/// A stream whose other end takes as many bytes as the test says, and none before.
#[derive(Debug, Clone, Default)]
struct Line {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    room: usize,
    taken: Vec<u8>,
    flushed: usize,
    /// How many bytes a write takes at most; 0 is no bound.
    bite: usize,
    breaks: Option<ErrorKind>,
    /// Only flushing fails.
    flush_breaks: bool,
    shut_down: bool,
    takes_nothing: bool,
    /// How often it has taken nothing.
    fruitless: usize,
    waker: Option<Waker>,
}

impl Line {
    fn new() -> Self {
        Self::default()
    }

    fn biting(bite: usize) -> Self {
        let line = Self::new();
        line.state().bite = bite;
        line
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// The client reads so many bytes more, when they come.
    fn reads(&self, bytes: usize) {
        self.change(|state| state.room += bytes);
    }

    fn breaks(&self, kind: ErrorKind) {
        self.change(|state| state.breaks = Some(kind));
    }

    fn takes_nothing(&self) {
        self.change(|state| state.takes_nothing = true);
    }

    fn taken(&self) -> usize {
        self.state().taken.len()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.state().taken).into_owned()
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if let Some(kind) = state.breaks {
            return Poll::Ready(Err(kind.into()));
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if state.takes_nothing {
            state.fruitless += 1;
            assert!(
                state.fruitless < 1_000,
                "a stream has answered Ok(0) to 1000 writes, and will answer the 1001st in the same way"
            );
            return Poll::Ready(Ok(0));
        }
        if state.room == 0 {
            state.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        let bite = if state.bite == 0 { usize::MAX } else { state.bite };
        let taken = bytes.len().min(state.room).min(bite);
        state.room -= taken;
        state.taken.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if let Some(kind) = state.breaks {
            return Poll::Ready(Err(kind.into()));
        }
        if state.flush_breaks {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        state.flushed = state.taken.len();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().shut_down = true;
        self.poll_flush(context)
    }
}

/// A `write_to` that is polled by hand.
struct Writing {
    task: Task<Pin<Box<dyn Future<Output = io::Result<()>>>>>,
    result: Option<io::Result<()>>,
    /// Its last poll was answered, and it was not woken since.
    wakes: usize,
    polled: bool,
}

impl Writing {
    fn to(writer: slow_reader::BodyWriter, line: &Line) -> Self {
        let mut line = line.clone();
        let writing: Pin<Box<dyn Future<Output = io::Result<()>>>> =
            Box::pin(async move { writer.write_to(&mut line).await });
        Self { task: Task::new(writing), result: None, wakes: 0, polled: false }
    }

    /// Polls as an executor does: once, and then for as long as it is woken.
    #[track_caller]
    fn run(&mut self) {
        for _ in 0..10_000 {
            if self.result.is_some() || (self.polled && self.task.wakes() == self.wakes) {
                return;
            }
            self.polled = true;
            self.wakes = self.task.wakes();
            if let Poll::Ready(result) = self.task.poll() {
                self.result = Some(result);
            }
        }
        panic!("the writer wakes itself again and again, and gets nowhere");
    }

    /// Polls once, from another task.
    fn moves(&mut self) {
        if let Poll::Ready(result) = self.task.poll_with_new_waker() {
            self.result = Some(result);
        }
        self.wakes = self.task.wakes();
    }

    fn kind(&self) -> Option<Result<(), ErrorKind>> {
        let result = self.result.as_ref()?;
        Some(match result {
            Ok(()) => Ok(()),
            Err(error) => Err(error.kind()),
        })
    }
}

fn part(letter: char, bytes: usize) -> Bytes {
    Bytes::from(letter.to_string().repeat(bytes))
}

/// Sends what has to go in at once.
#[track_caller]
fn goes_in(sender: &BodySender, part: Bytes, when: &str) {
    let bytes = part.len();
    let sent = Task::new(sender.send(part)).poll();
    proctor::expect_eq!(sent, Poll::Ready(Ok(())), "what `send` of {bytes} bytes says {when}");
}

/// Sends parts of a size until one has to wait, which is dropped. How many went in.
fn fill(sender: &BodySender, size: usize) -> usize {
    let waits = |_: &usize| Task::new(sender.send(part('x', size))).poll().is_pending();
    (0..10_000).find(waits).unwrap_or(10_000)
}

/// Polls as an executor does, if it was woken; whether it has gone in by now.
fn woken_and_in<F: Future<Output = Result<(), Disconnected>>>(task: &mut Task<F>) -> bool {
    task.wakes() > 0 && task.poll() == Poll::Ready(Ok(()))
}

#[test]
fn all_of_it_arrives_in_order() {
    proctor::watch(|| {
        for bite in [0, 1, 7, 64] {
            let line = Line::biting(bite);
            let (sender, writer) = body(100);
            let mut writing = Writing::to(writer, &line);
            let mut expected = String::new();
            for (at, letter) in ('a'..='z').enumerate() {
                line.reads(1_000);
                goes_in(&sender, part(letter, at * 3), "when nothing waits");
                expected.extend(std::iter::repeat_n(letter, at * 3));
                writing.run();
                proctor::expect_eq!(
                    line.text(),
                    expected,
                    "what has arrived at a client that reads everything, {bite} bytes a write (0: as many as come)"
                );
            }
            drop(sender);
            writing.run();
            proctor::expect_eq!(writing.kind(), Some(Ok(())), "what `write_to` says at the end");
        }
    });
}

#[test]
fn bytes_count_and_not_parts() {
    proctor::watch(|| {
        for (size, fit) in [(100, 10), (300, 3), (1, 1_000), (999, 1), (1_000, 1)] {
            let (sender, writer) = body(1_000);
            let line = Line::new();
            let mut writing = Writing::to(writer, &line);
            writing.run();
            // Whether the writer has its turn in between makes no difference: it can write nothing.
            let mut went_in = 0;
            while went_in < 2_000 && Task::new(sender.send(part('x', size))).poll().is_ready() {
                went_in += 1;
                writing.run();
            }
            proctor::expect_eq!(
                went_in,
                fit,
                "how many parts of {size} bytes go in, where 1000 bytes may wait and the client reads nothing"
            );
        }
    });
}

#[test]
fn room_is_made_by_what_is_written() {
    proctor::watch(|| {
        let (sender, writer) = body(1_000);
        let line = Line::new();
        let mut writing = Writing::to(writer, &line);
        let mut went_in = fill(&sender, 100);
        for (reads, fit) in [(50, 10), (49, 10), (1, 11), (250, 13), (50, 14), (1_000, 24)] {
            line.reads(reads);
            writing.run();
            went_in += fill(&sender, 100);
            writing.run();
            proctor::expect_eq!(
                went_in,
                fit,
                "how many parts of 100 bytes went in, where 1000 bytes may wait and {} were written",
                line.taken()
            );
        }
    });
}

#[test]
fn half_a_part_makes_room_for_another_half() {
    proctor::watch(|| {
        let (sender, writer) = body(100);
        let line = Line::biting(7);
        let mut writing = Writing::to(writer, &line);
        goes_in(&sender, part('a', 100), "when nothing waits");
        line.reads(59);
        writing.run();
        let mut waits = Task::new(sender.send(part('b', 60)));
        proctor::expect_eq!(
            waits.poll(),
            Poll::Pending,
            "what `send` of 60 bytes says when 41 of 100 wait"
        );
        line.reads(1);
        writing.run();
        assert!(
            woken_and_in(&mut waits),
            "60 of a part's 100 bytes are written, and a part of 60 still waits, where 100 may"
        );
    });
}

#[test]
fn a_part_longer_than_the_limit_goes_in_alone() {
    proctor::watch(|| {
        let (sender, writer) = body(10);
        let line = Line::new();
        let mut writing = Writing::to(writer, &line);
        goes_in(&sender, part('a', 35), "when nothing waits and 10 may");
        let mut next = Task::new(sender.send(part('b', 1)));
        assert!(next.poll().is_pending(), "a byte went in where 35 bytes wait already, and 10 may");
        line.reads(25);
        writing.run();
        assert!(
            !woken_and_in(&mut next),
            "a byte went in where 10 bytes of a long part wait, and 10 may"
        );
        line.reads(1);
        writing.run();
        assert!(
            woken_and_in(&mut next),
            "9 bytes of a long part wait, and 10 may, and a part of one byte waits all the same"
        );
        let mut long = Task::new(sender.send(part('c', 35)));
        assert!(long.poll().is_pending(), "35 bytes went in where 10 wait and 10 may");
        line.reads(9);
        writing.run();
        assert!(!woken_and_in(&mut long), "35 bytes went in where one waits and 10 may");
        line.reads(1);
        writing.run();
        assert!(
            woken_and_in(&mut long),
            "nothing waits, and a part of 35 bytes waits to go in, where 10 may wait.\n\
             It never fits, so it goes in when nothing waits, or never"
        );
        line.reads(100);
        drop(long);
        drop(next);
        drop(sender);
        writing.run();
        let expected = ["a".repeat(35), "b".into(), "c".repeat(35)].concat();
        proctor::expect_eq!(line.text(), expected, "what has arrived");
    });
}

#[test]
fn room_for_two_lets_two_in() {
    proctor::watch(|| {
        let (sender, writer) = body(100);
        let line = Line::new();
        let mut writing = Writing::to(writer, &line);
        goes_in(&sender, part('a', 100), "when nothing waits");
        let other = sender.clone();
        let mut first = Task::new(sender.send(part('b', 30)));
        let mut second = Task::new(other.send(part('c', 30)));
        assert!(first.poll().is_pending() && second.poll().is_pending(), "there is no room");
        line.reads(60);
        writing.run();
        assert!(woken_and_in(&mut first), "there is room for two parts, and the first waits");
        assert!(
            woken_and_in(&mut second),
            "there is room for two parts, the first went in, and the second waits: was it woken?"
        );
    });
}

#[test]
fn who_waits_is_woken_where_it_waits() {
    proctor::watch(|| {
        let (sender, writer) = body(100);
        let line = Line::new();
        let mut writing = Writing::to(writer, &line);
        goes_in(&sender, part('a', 100), "when nothing waits");
        let mut waits = Task::new(sender.send(part('b', 30)));
        assert!(waits.poll().is_pending(), "there is no room");
        // A `select!` that has moved to another task, for example.
        assert!(waits.poll_with_new_waker().is_pending(), "there is no room");
        line.reads(30);
        writing.run();
        assert!(
            waits.wakes() > 0,
            "a `send` was polled by one task and then by another, and the other is not woken when there is room.\n\
             The waker of the last poll counts"
        );
        proctor::expect_eq!(
            waits.poll(),
            Poll::Ready(Ok(())),
            "what `send` says when there is room"
        );

        line.reads(1_000);
        writing.run();
        writing.moves();
        goes_in(&sender, part('c', 30), "when nothing waits");
        assert!(
            writing.task.wakes() > 0,
            "`write_to` was polled by one task and then by another, and the other is not woken when a part comes"
        );
    });
}

#[test]
fn who_came_first_goes_in_first() {
    proctor::watch(|| {
        let (sender, writer) = body(100);
        let line = Line::new();
        let mut writing = Writing::to(writer, &line);
        goes_in(&sender, part('a', 100), "when nothing waits");
        let mut large = Task::new(sender.send(part('b', 80)));
        assert!(large.poll().is_pending(), "there is no room");
        line.reads(20);
        writing.run();
        let mut small = Task::new(sender.send(part('c', 20)));
        let small_is_in = small.poll().is_ready();
        assert!(
            !small_is_in,
            "a part of 20 bytes went in before one of 80 that has waited for longer.\n\
             A client that reads slowly makes room for small parts only, and the large one would wait for ever"
        );
        line.reads(60);
        writing.run();
        assert!(
            woken_and_in(&mut large),
            "there is room for 80 bytes, and the first does not go in"
        );
        line.reads(20);
        writing.run();
        assert!(
            woken_and_in(&mut small),
            "there is room for 20 bytes, and the second does not go in"
        );
        line.reads(1_000);
        writing.run();
        let expected = ["a".repeat(100), "b".repeat(80), "c".repeat(20)].concat();
        proctor::expect_eq!(line.text(), expected, "what has arrived");
    });
}

#[test]
fn one_who_gives_up_keeps_nobody_out() {
    proctor::watch(|| {
        for woken_before in [true, false] {
            let (sender, writer) = body(100);
            let line = Line::new();
            let mut writing = Writing::to(writer, &line);
            goes_in(&sender, part('a', 100), "when nothing waits");
            let mut gives_up = Task::new(sender.send(part('b', 50)));
            let mut stays = Task::new(sender.send(part('c', 50)));
            assert!(gives_up.poll().is_pending() && stays.poll().is_pending(), "there is no room");
            if woken_before {
                line.reads(50);
                writing.run();
                drop(gives_up);
            } else {
                drop(gives_up);
                line.reads(50);
                writing.run();
            }
            let when = if woken_before { "after there was room" } else { "before there was room" };
            assert!(
                woken_and_in(&mut stays),
                "two waited, and the first was dropped {when} and before it was polled again; \
                 the second was woken {} times, and does not go in",
                stays.wakes()
            );
            line.reads(1_000);
            writing.run();
            let expected = ["a".repeat(100), "c".repeat(50)].concat();
            proctor::expect_eq!(
                line.text(),
                expected,
                "what has arrived, where `b` gave up {when}"
            );
        }
    });
}

#[test]
fn a_send_that_was_dropped_has_sent_nothing() {
    proctor::watch(|| {
        let (sender, writer) = body(100);
        let line = Line::new();
        let mut writing = Writing::to(writer, &line);
        goes_in(&sender, part('a', 70), "when nothing waits");
        for size in [31, 70, 500] {
            let mut dropped = Task::new(sender.send(part('b', size)));
            proctor::expect_eq!(
                dropped.poll(),
                Poll::Pending,
                "what `send` of {size} bytes says when 70 of 100 wait"
            );
        }
        drop(Task::new(sender.send(part('b', 10))));
        goes_in(&sender, part('c', 30), "when 70 of 100 wait, after four others were dropped");
        line.reads(1_000);
        drop(sender);
        writing.run();
        let expected = ["a".repeat(70), "c".repeat(30)].concat();
        proctor::expect_eq!(
            line.text(),
            expected,
            "what has arrived, where the sends of `b` were dropped"
        );
    });
}

#[test]
fn what_is_written_is_flushed_before_the_next_wait() {
    proctor::watch(|| {
        let (sender, writer) = body(100);
        let line = Line::new();
        line.reads(1_000);
        let mut writing = Writing::to(writer, &line);
        goes_in(&sender, part('a', 10), "when nothing waits");
        writing.run();
        proctor::expect_eq!(
            (line.taken(), line.state().flushed),
            (10, 10),
            "how many bytes were written and how many flushed when the writer waits for another part.\n\
             The client may wait for these ten before it lets anything happen"
        );
        goes_in(&sender, part('b', 10), "when nothing waits");
        drop(sender);
        writing.run();
        proctor::expect_eq!(writing.kind(), Some(Ok(())), "what `write_to` says at the end");
        proctor::expect_eq!(line.state().flushed, 20, "how many bytes were flushed at the end");
        assert!(
            !line.state().shut_down,
            "`write_to` has shut the stream down, and the client's next response has to go over it"
        );
    });
}

#[test]
fn the_end_comes_when_all_senders_are_gone_and_all_is_written() {
    proctor::watch(|| {
        let (sender, writer) = body(100);
        let line = Line::new();
        let mut writing = Writing::to(writer, &line);
        writing.run();
        proctor::expect_eq!(writing.kind(), None, "what `write_to` says when nothing was sent yet");
        let other = sender.clone();
        goes_in(&sender, part('a', 10), "when nothing waits");
        drop(sender);
        line.reads(10);
        writing.run();
        proctor::expect_eq!(writing.kind(), None, "what `write_to` says when a sender is left");
        goes_in(&other, part('b', 10), "when nothing waits");
        goes_in(&other, Bytes::new(), "when there is room");
        drop(other);
        writing.run();
        proctor::expect_eq!(writing.kind(), None, "what `write_to` says when something waits");
        line.reads(9);
        writing.run();
        proctor::expect_eq!(writing.kind(), None, "what `write_to` says when a byte waits");
        line.reads(1);
        writing.run();
        proctor::expect_eq!(writing.kind(), Some(Ok(())), "what `write_to` says at the end");
    });
}

#[test]
fn an_empty_part_is_nothing() {
    proctor::watch(|| {
        let (sender, writer) = body(100);
        let line = Line::new();
        line.reads(1_000);
        let mut writing = Writing::to(writer, &line);
        for bytes in [0, 3, 0, 0, 4, 0] {
            goes_in(&sender, part('a', bytes), "when nothing waits");
            writing.run();
            proctor::expect_eq!(
                writing.kind(),
                None,
                "what `write_to` says after a part of {bytes} bytes.\n\
                 A write of nothing returns Ok(0), which says nothing about the stream"
            );
        }
        drop(sender);
        writing.run();
        proctor::expect_eq!(writing.kind(), Some(Ok(())), "what `write_to` says at the end");
        proctor::expect_eq!(line.text(), "aaaaaaa", "what has arrived");
    });
}

/// A part whose bytes are watched.
fn watched(drops: &Drops, bytes: usize) -> Bytes {
    struct Owner(Vec<u8>, #[expect(dead_code, reason = "it is there to be dropped")] Token);
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    Bytes::from_owner(Owner(vec![b'w'; bytes], drops.token()))
}

#[test]
fn a_part_that_is_written_is_let_go_of() {
    proctor::watch(|| {
        let drops = Drops::new();
        let (sender, writer) = body(100);
        let line = Line::new();
        let mut writing = Writing::to(writer, &line);
        for _ in 0..10 {
            goes_in(&sender, watched(&drops, 10), "when there is room");
        }
        line.reads(50);
        writing.run();
        assert!(
            drops.alive() <= 5,
            "half of ten parts is written, and {} of the ten are held",
            drops.alive()
        );
        line.reads(50);
        writing.run();
        proctor::expect_eq!(drops.alive(), 0, "how many parts are held when all are written");
    });
}

#[test]
fn a_stream_that_fails_is_everybodys_end() {
    proctor::watch(|| {
        for kind in [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset, ErrorKind::WriteZero] {
            let drops = Drops::new();
            let (sender, writer) = body(100);
            let line = Line::new();
            let mut writing = Writing::to(writer, &line);
            goes_in(&sender, watched(&drops, 60), "when nothing waits");
            goes_in(&sender, watched(&drops, 40), "when 60 of 100 wait");
            let mut waits = Task::new(sender.send(watched(&drops, 10)));
            let mut waits_too = Task::new(sender.send(watched(&drops, 500)));
            assert!(waits.poll().is_pending() && waits_too.poll().is_pending(), "there is no room");
            line.reads(30);
            writing.run();
            if kind == ErrorKind::WriteZero {
                line.takes_nothing();
            } else {
                line.breaks(kind);
            }
            writing.run();
            proctor::expect_eq!(
                writing.kind(),
                Some(Err(kind)),
                "what `write_to` says when the stream {}",
                if kind == ErrorKind::WriteZero { "takes nothing any more" } else { "breaks" }
            );
            drop(writing);
            for waits in [&mut waits, &mut waits_too] {
                assert!(
                    waits.wakes() > 0,
                    "the stream has failed, and nobody wakes a `send` that waits"
                );
                proctor::expect_eq!(
                    waits.poll(),
                    Poll::Ready(Err(Disconnected)),
                    "what a `send` says that has waited when the stream failed"
                );
            }
            drop(waits);
            drop(waits_too);
            proctor::expect_eq!(
                drops.alive(),
                0,
                "how many parts are held when the stream has failed"
            );
            for _ in 0..50 {
                proctor::expect_eq!(
                    Task::new(sender.send(part('x', 100))).poll(),
                    Poll::Ready(Err(Disconnected)),
                    "what `send` says when the stream has failed"
                );
            }
        }
    });
}

#[test]
fn a_flush_that_fails_is_the_end_too() {
    proctor::watch(|| {
        for a_sender_is_left in [true, false] {
            let (sender, writer) = body(100);
            let line = Line::new();
            line.reads(1_000);
            let mut writing = Writing::to(writer, &line);
            goes_in(&sender, part('a', 10), "when nothing waits");
            line.change(|state| state.flush_breaks = true);
            let sender = a_sender_is_left.then_some(sender);
            writing.run();
            proctor::expect_eq!(
                writing.kind(),
                Some(Err(ErrorKind::ConnectionReset)),
                "what `write_to` says when all was written and a flush fails, {}.\n\
                 What a buffer on the way could not pass on has not arrived",
                if a_sender_is_left { "while a sender is left" } else { "at the end" }
            );
            drop(sender);
        }
    });
}

#[test]
fn a_writer_that_is_dropped_is_the_end_too() {
    proctor::watch(|| {
        for begun in [true, false] {
            let drops = Drops::new();
            let (sender, writer) = body(100);
            let line = Line::new();
            let mut writing = Writing::to(writer, &line);
            goes_in(&sender, watched(&drops, 100), "when nothing waits");
            let mut waits = Task::new(sender.send(watched(&drops, 10)));
            assert!(waits.poll().is_pending(), "there is no room");
            if begun {
                line.reads(5);
                writing.run();
            }
            drop(writing);
            let when = if begun { "in the middle of a part" } else { "before it wrote anything" };
            assert!(
                waits.wakes() > 0,
                "the writer was dropped {when}, and nobody wakes a `send` that waits"
            );
            proctor::expect_eq!(
                waits.poll(),
                Poll::Ready(Err(Disconnected)),
                "what a `send` says that has waited when the writer was dropped {when}"
            );
            drop(waits);
            proctor::expect_eq!(
                drops.alive(),
                0,
                "how many parts are held when the writer was dropped {when}"
            );
            for bytes in [0, 1, 500] {
                proctor::expect_eq!(
                    Task::new(sender.send(part('x', bytes))).poll(),
                    Poll::Ready(Err(Disconnected)),
                    "what `send` of {bytes} bytes says when the writer was dropped {when}"
                );
            }
        }
    });
}

#[test]
fn a_client_that_reads_slowly_sets_the_pace() {
    proctor::watch_async(async {
        // 100 bytes may wait here, 50 fit into the pipe, and 50 are read each second.
        let (sender, writer) = body(100);
        let (mut client, mut server) = tokio::io::duplex(50);
        let began = Instant::now();
        let to_client = tokio::spawn(async move { writer.write_to(&mut server).await });
        let from_server = tokio::spawn(async move {
            let mut buffer = [0; 50];
            let mut read = 0;
            loop {
                sleep(Duration::from_secs(1)).await;
                match client.read_exact(&mut buffer).await {
                    Ok(bytes) => read += bytes,
                    Err(_) => return read,
                }
            }
        });
        let mut times = Vec::new();
        for _ in 0..8 {
            let sent = sender.send(part('x', 50)).await;
            assert!(sent.is_ok(), "the client reads, and `send` says {sent:?}");
            times.push(began.elapsed().as_secs());
        }
        drop(sender);
        proctor::expect_eq!(
            times,
            [0, 0, 0, 1, 2, 3, 4, 5],
            "at which seconds parts of 50 bytes go in, where 100 bytes may wait, 50 are on the way, and 50 are read a second"
        );
        let written = to_client.await.expect("the writer's task has not panicked");
        assert!(written.is_ok(), "the client reads, and `write_to` says {written:?}");
        let read = from_server.await.expect("the client's task has not panicked");
        proctor::expect_eq!(read, 400, "how many bytes the client has read");
    });
}
