//! Connections that are silent, and some that only seem to be, on Ebb's virtual clock.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::{Ebb, Happening, JoinError, JoinHandle, TaskGroup, now, sleep, sleep_until, spawn};
use futures_io::{AsyncRead, AsyncWrite};
use idle_timeout::{Silent, Watched, serve};

const SECOND: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(10);

/// Long after all is over.
const LATE: Duration = Duration::from_secs(5_000);

/// An executor with a virtual clock, watched.
fn ebb() -> Ebb {
    let mut ebb = Ebb::with_virtual_clock();
    let mut watchdog = proctor::VirtualWatch::new();
    ebb.watch(move |event| {
        let for_ever = matches!(event.what, Happening::Idles { until: None });
        watchdog.saw(event.at, for_ever);
    });
    ebb
}

/// Gives tasks that were aborted their last turn.
fn settle(ebb: &mut Ebb) {
    ebb.block_on(async {
        executor::yield_now().await;
        executor::yield_now().await;
    });
}

/// Runs a test's body to its end, after which nothing may be left of its connections.
fn run<F: Future<Output = ()>>(body: impl FnOnce() -> F + Send + 'static) {
    proctor::watch(move || {
        let mut ebb = ebb();
        ebb.block_on(body());
        settle(&mut ebb);
        proctor::expect_eq!(
            ebb.timers(),
            0,
            "how many timers are left when all connections are over"
        );
        proctor::expect_eq!(
            ebb.tasks(),
            0,
            "how many tasks are left when all connections are over"
        );
    });
}

/// The output of a task. Its panic goes on here.
async fn output<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(output) => output,
        Err(JoinError::Panicked(payload)) => std::panic::resume_unwind(payload),
        Err(aborted) => panic!("{aborted}"),
    }
}

/// What both ends of a connection know.
#[derive(Default)]
struct Wire {
    input: VecDeque<u8>,
    ended: bool,
    /// What the next reads fail with.
    errors: VecDeque<ErrorKind>,
    /// How many bytes the client will still take.
    room: usize,
    output: Vec<u8>,
    waiting: [Option<Waker>; 2],
    /// The server's end was dropped.
    is_gone: bool,
}

/// The client's end.
#[derive(Clone)]
struct Client(Rc<RefCell<Wire>>);

/// The server's end.
struct Pipe(Rc<RefCell<Wire>>);

/// A client that takes all that it is sent, and the server's end of its connection.
fn connect() -> (Client, Pipe) {
    let wire = Rc::new(RefCell::new(Wire { room: usize::MAX, ..Wire::default() }));
    (Client(Rc::clone(&wire)), Pipe(wire))
}

impl Client {
    fn change(&self, change: impl FnOnce(&mut Wire)) {
        let mut wire = self.0.borrow_mut();
        change(&mut wire);
        let waiting = std::mem::take(&mut wire.waiting);
        drop(wire);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    fn says(&self, text: &str) {
        self.change(|wire| wire.input.extend(text.bytes()));
    }

    fn ends(&self) {
        self.change(|wire| wire.ended = true);
    }

    fn fails(&self, kind: ErrorKind) {
        self.change(|wire| wire.errors.push_back(kind));
    }

    /// Takes so many bytes more, and nothing after them.
    fn takes(&self, bytes: usize) {
        self.change(|wire| wire.room = bytes);
    }

    /// Wakes the server for nothing.
    fn nudges(&self) {
        self.change(|_| {});
    }

    fn heard(&self) -> String {
        String::from_utf8(self.0.borrow().output.clone()).unwrap()
    }

    fn is_cut_off(&self) -> bool {
        self.0.borrow().is_gone
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut wire = self.0.borrow_mut();
        let given = wire.input.len().min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(wire.input.drain(..given)) {
            *place = byte;
        }
        if given > 0 {
            return Poll::Ready(Ok(given));
        }
        if let Some(kind) = wire.errors.pop_front() {
            return Poll::Ready(Err(kind.into()));
        }
        if wire.ended {
            return Poll::Ready(Ok(0));
        }
        wire.waiting[0] = Some(context.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut wire = self.0.borrow_mut();
        let taken = wire.room.min(buffer.len());
        if taken == 0 {
            wire.waiting[1] = Some(context.waker().clone());
            return Poll::Pending;
        }
        wire.room -= taken;
        wire.output.extend_from_slice(&buffer[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.0.borrow_mut().is_gone = true;
    }
}

type Stream = Watched<Pipe>;

async fn read(stream: &mut Stream) -> io::Result<String> {
    let mut buffer = [0; 16];
    let read = poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut buffer)).await?;
    Ok(String::from_utf8(buffer[..read].to_vec()).unwrap())
}

async fn write(stream: &mut Stream, text: &str) {
    let mut left = text.as_bytes();
    while !left.is_empty() {
        let taken = poll_fn(|context| Pin::new(&mut *stream).poll_write(context, left)).await;
        left = &left[taken.unwrap()..];
    }
}

/// Reads to the end of the input, and returns all of it.
async fn listens(mut stream: Stream) -> String {
    let mut all = String::new();
    loop {
        match read(&mut stream).await.unwrap().as_str() {
            "" => return all,
            more => all.push_str(more),
        }
    }
}

/// What `serve` returns, and when.
async fn timed<T>(served: impl Future<Output = T>) -> (T, Duration) {
    let outcome = served.await;
    (outcome, now())
}

/// The same, in a task of its own.
fn spawn_timed<T: 'static>(served: impl Future<Output = T> + 'static) -> JoinHandle<(T, Duration)> {
    spawn(timed(served))
}

/// Expects the connection to end in silence at this second.
async fn expect_silence<T>(
    served: impl Future<Output = (Result<T, Silent>, Duration)>,
    client: &Client,
    second: u32,
    what: &str,
) {
    let (mut served, mut late) = (pin!(served), pin!(sleep_until(LATE)));
    let ended = poll_fn(|context| match served.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending => late.as_mut().poll(context).map(|()| None),
    });
    let Some((outcome, at)) = ended.await else {
        panic!("{what} was to be cut off at {second} s, and was not by {} s", LATE.as_secs());
    };
    assert!(
        outcome.is_err(),
        "{what}: the conversation was to be cut off, and has come to its end"
    );
    proctor::expect_eq!(at, second * SECOND, "when {what} was cut off");
    assert!(
        client.is_cut_off(),
        "{what}: `serve` has returned `Err(Silent)`, and the stream is still there"
    );
}

#[test]
fn a_conversation_in_time_comes_to_its_end() {
    run(|| async {
        let (client, pipe) = connect();
        let speaker = client.clone();
        let served = spawn(serve(pipe, IDLE, async |mut stream: Stream| {
            let question = read(&mut stream).await.unwrap();
            write(&mut stream, "pinch").await;
            (question, listens(stream).await)
        }));
        sleep(3 * SECOND).await;
        speaker.says("what does a crab do?");
        sleep(2 * SECOND).await;
        speaker.ends();
        let outcome = output(served).await;
        proctor::expect_eq!(
            outcome,
            Ok(("what does a crab".to_owned(), " do?".to_owned())),
            "what `serve` has returned, whose conversation has come to its end after 5 s of 10 s"
        );
        proctor::expect_eq!(now(), 5 * SECOND, "when the conversation has come to its end");
        proctor::expect_eq!(client.heard(), "pinch", "what the client heard");
    });
}

#[test]
fn silence_is_cut_off() {
    run(|| async {
        let (client, pipe) = connect();
        expect_silence(timed(serve(pipe, IDLE, listens)), &client, 10, "a client who says nothing")
            .await;
    });
}

#[test]
fn time_counts_from_the_first_poll() {
    run(|| async {
        let (client, pipe) = connect();
        let served = serve(pipe, IDLE, listens);
        sleep(4 * SECOND).await;
        expect_silence(
            timed(served),
            &client,
            14,
            "a silent client whose connection was first polled at 4 s",
        )
        .await;
    });
}

#[test]
fn a_byte_from_the_client_gives_more_time() {
    run(|| async {
        let (client, pipe) = connect();
        let served = spawn_timed(serve(pipe, IDLE, listens));
        for time in [4, 13, 21] {
            sleep_until(time * SECOND).await;
            client.says("a");
        }
        let what = "a client who said something at 4 s, 13 s and 21 s";
        expect_silence(output(served), &client, 31, what).await;
    });
}

#[test]
fn a_byte_to_the_client_gives_more_time() {
    run(|| async {
        let (client, pipe) = connect();
        let feed = async |mut stream: Stream| {
            for _ in 0..3 {
                sleep(7 * SECOND).await;
                write(&mut stream, "high water ").await;
            }
            pending::<()>().await;
        };
        let what = "a client who listened, and heard something at 7 s, 14 s and 21 s";
        expect_silence(timed(serve(pipe, IDLE, feed)), &client, 31, what).await;
        proctor::expect_eq!(client.heard(), "high water ".repeat(3), "what the client heard");
    });
}

#[test]
fn a_client_who_takes_one_byte_at_a_time_is_not_silent() {
    run(|| async {
        let (client, pipe) = connect();
        client.takes(0);
        let served = spawn_timed(serve(pipe, IDLE, async |mut stream: Stream| {
            write(&mut stream, "crab").await;
        }));
        for _ in 0..3 {
            sleep(9 * SECOND).await;
            client.takes(1);
        }
        let what = "a client who took a byte at 9 s, 18 s and 27 s, and no more";
        expect_silence(output(served), &client, 37, what).await;
        proctor::expect_eq!(client.heard(), "cra", "what a client has heard who took three bytes");
    });
}

#[test]
fn a_wake_for_nothing_gives_no_time() {
    run(|| async {
        let (client, pipe) = connect();
        let served = spawn_timed(serve(pipe, IDLE, listens));
        for time in [3, 6, 9] {
            sleep_until(time * SECOND).await;
            client.nudges();
        }
        let what = "a silent client whose reader was woken for nothing at 3 s, 6 s and 9 s";
        expect_silence(output(served), &client, 10, what).await;
    });
}

#[test]
fn a_write_that_waits_gives_no_time() {
    run(|| async {
        let (client, pipe) = connect();
        client.takes(0);
        let served = spawn_timed(serve(pipe, IDLE, async |mut stream: Stream| {
            write(&mut stream, "crab").await;
        }));
        for time in [4, 8] {
            sleep_until(time * SECOND).await;
            client.nudges();
        }
        let what =
            "a client who takes nothing, with a writer that was woken for nothing at 4 s and 8 s";
        expect_silence(output(served), &client, 10, what).await;
    });
}

#[test]
fn being_busy_gives_no_time() {
    run(|| async {
        let (client, pipe) = connect();
        let busy = async |stream: Stream| {
            for _ in 0..100 {
                sleep(SECOND).await;
            }
            drop(stream);
        };
        let what = "a silent client whose conversation does something each second, and nothing with the stream";
        expect_silence(timed(serve(pipe, IDLE, busy)), &client, 10, what).await;
    });
}

#[test]
fn the_end_of_the_input_gives_no_time() {
    run(|| async {
        let (client, pipe) = connect();
        let served = spawn_timed(serve(pipe, IDLE, async |mut stream: Stream| {
            let end = read(&mut stream).await.unwrap();
            proctor::expect_eq!(
                end,
                "",
                "what the conversation has read of a client who ended its side"
            );
            pending::<()>().await;
        }));
        sleep(6 * SECOND).await;
        client.ends();
        let what = "a client who ended its side at 6 s and never said anything";
        expect_silence(output(served), &client, 10, what).await;
    });
}

#[test]
fn an_error_gives_no_time() {
    run(|| async {
        let (client, pipe) = connect();
        let served = spawn_timed(serve(pipe, IDLE, async |mut stream: Stream| {
            let failed = read(&mut stream).await.unwrap_err();
            proctor::expect_eq!(failed.kind(), ErrorKind::ConnectionReset, "the error of a read");
            pending::<()>().await;
        }));
        sleep(6 * SECOND).await;
        client.fails(ErrorKind::ConnectionReset);
        let what = "a client whose connection failed at 6 s, and who never said anything";
        expect_silence(output(served), &client, 10, what).await;
    });
}

/// Spawns somebody who does this at that second: its timer is set before those of a connection that is served later.
fn at(
    second: u32,
    client: &Client,
    act: impl FnOnce(&Client) + 'static,
) -> impl Future<Output = ()> {
    let client = client.clone();
    let task = spawn(async move {
        sleep_until(second * SECOND).await;
        act(&client);
    });
    output(task)
}

#[test]
fn a_byte_at_the_very_deadline_counts() {
    run(|| async {
        for times in [&[10][..], &[10, 20], &[4, 14], &[4, 14, 24]] {
            let start = now().as_secs();
            let begin = u32::try_from(start).unwrap();
            let (client, pipe) = connect();
            let mut speeches = Vec::new();
            for time in times {
                speeches.push(at(begin + time, &client, |client| client.says("a")));
            }
            // The speakers set their timers first.
            executor::yield_now().await;
            let last = begin + times[times.len() - 1];
            let what = format!(
                "a client who said something {times:?} s after it came, once at the very deadline, and whose connection came at {start} s,"
            );
            expect_silence(timed(serve(pipe, IDLE, listens)), &client, last + 10, &what).await;
            for speech in speeches {
                speech.await;
            }
        }
    });
}

#[test]
fn an_output_at_the_very_deadline_is_returned() {
    run(|| async {
        let (client, pipe) = connect();
        let end = at(10, &client, Client::ends);
        executor::yield_now().await;
        let outcome = serve(pipe, IDLE, listens).await;
        proctor::expect_eq!(
            outcome,
            Ok(String::new()),
            "what `serve` has returned, when its conversation came to its end at the very deadline"
        );
        end.await;
    });
}

#[test]
fn a_connection_has_one_timer() {
    proctor::watch(|| {
        let mut ebb = ebb();
        let (client, pipe) = connect();
        let served = ebb.spawn(serve(pipe, IDLE, async |mut stream: Stream| {
            while let Ok(heard) = read(&mut stream).await
                && !heard.is_empty()
            {
                write(&mut stream, &heard).await;
            }
        }));
        ebb.block_on(sleep(SECOND));
        proctor::expect_eq!(ebb.timers(), 1, "how many timers a silent connection has");
        for second in 2..=40 {
            for _ in 0..10 {
                client.says("tide");
                ebb.block_on(executor::yield_now());
            }
            ebb.block_on(sleep(SECOND));
            proctor::expect_eq!(
                ebb.timers(),
                1,
                "how many timers a connection has after {second} s, over which 8 bytes pass ten times a second"
            );
        }
        client.ends();
        let outcome = ebb.block_on(output(served));
        proctor::expect_eq!(outcome, Ok(()), "how a connection with much traffic has ended");
        settle(&mut ebb);
        proctor::expect_eq!(
            ebb.timers(),
            0,
            "how many timers are left of a connection that is over"
        );
        proctor::expect_eq!(ebb.tasks(), 0, "how many tasks are left of a connection that is over");
    });
}

#[test]
fn nothing_is_left_of_what_is_dropped() {
    proctor::watch(|| {
        let mut ebb = ebb();
        let (client, pipe) = connect();
        let served = ebb.spawn(serve(pipe, IDLE, listens));
        ebb.block_on(sleep(SECOND));
        client.says("a");
        ebb.block_on(sleep(SECOND));
        served.abort();
        let outcome = ebb.block_on(served);
        assert!(
            matches!(outcome, Err(JoinError::Aborted)),
            "a connection that says nothing was aborted after 2 s, and had come to its end before"
        );
        settle(&mut ebb);
        proctor::expect_eq!(
            ebb.timers(),
            0,
            "how many timers are left of a connection that was aborted"
        );
        proctor::expect_eq!(
            ebb.tasks(),
            0,
            "how many tasks are left of a connection that was aborted"
        );
        assert!(
            client.is_cut_off(),
            "a connection was aborted, and its stream is still there: somebody holds it"
        );
    });
}

#[test]
fn others_may_use_the_stream() {
    run(|| async {
        let (client, pipe) = connect();
        let served = spawn_timed(serve(pipe, IDLE, async |stream: Stream| {
            let mut group = TaskGroup::new();
            group.spawn(listens(stream));
            group.join().await.unwrap()
        }));
        for time in [4, 13, 21] {
            sleep_until(time * SECOND).await;
            client.says("a");
        }
        let (outcome, at) = output(served).await;
        assert!(
            outcome.is_err(),
            "a conversation in a task of its own was to be cut off, and has come to its end"
        );
        proctor::expect_eq!(
            at,
            31 * SECOND,
            "when a client was cut off who said something at 4 s, 13 s and 21 s to a task that the conversation has spawned"
        );
        // The group has aborted its task, which has its last turn now.
        executor::yield_now().await;
        executor::yield_now().await;
        assert!(
            client.is_cut_off(),
            "`serve` has returned `Err(Silent)`, and the conversation was not dropped: its task group goes on"
        );
    });
}

#[test]
fn the_longest_idle_time_is_one_too() {
    run(|| async {
        let (client, pipe) = connect();
        sleep(SECOND).await;
        let served = spawn(serve(pipe, Duration::MAX, listens));
        sleep(SECOND).await;
        client.says("a");
        sleep(1_000_000 * SECOND).await;
        client.ends();
        proctor::expect_eq!(
            output(served).await,
            Ok("a".to_owned()),
            "what `serve` has returned, with an idle time of `Duration::MAX`"
        );
    });
}
