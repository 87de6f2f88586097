//! A WebSocket's one task, in which bytes, time and the application meet.
//!
//! Each turn has the same order: what has come is read and decoded, the application is polled if that may concern it, what it has said is written.
//! So an echo is one read, one poll and one write; and what is sent in one turn leaves in one write.
//!
//! A connection has no buffer to read into. There is one for each thread, and bytes stay in it no longer than a turn;
//! only what the application has no room for is copied aside. What is sent in a turn has such a buffer too, and a connection keeps it
//! for as long as the client has no room. So a WebSocket on which nothing happens holds next to nothing.
//!
//! Of a long message, only the beginning goes through these buffers: the rest is read to where it stays, and written from there.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gateway::{Close, Error, Shutdown, poll_call};
use http_server::Upgraded;
use http_server::upgrade::{Boxed, Stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::task::coop::{has_budget_remaining, unconstrained};
use tokio::time::{Instant, Sleep, sleep, timeout};
use wsgi::ErrorLog;

use crate::close::codes;
use crate::config::Config;
use crate::decoder::Place;
use crate::output::{LONG, Output};
use crate::session::Session;
use crate::wire::{Inner, Wire, length};

/// How much is read at a time, in bytes.
const ROOM: usize = 64 * 1024;

/// And how much if a long message is likely to begin: what is read here of its payload has to be copied.
const PEEK: usize = 1024;

thread_local! {
    /// What a thread reads into, for whichever connection it polls.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; ROOM]);

    /// What the next turn's output is written into.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer is free: the thread keeps it for the next turn, unless it has a larger one, or this one is too large.
fn give_back(buffer: Vec<u8>) {
    if buffer.capacity() > ROOM {
        return;
    }
    let kept = SPARE.take();
    SPARE.set(if kept.capacity() < buffer.capacity() { buffer } else { kept });
}

/// What was sent in a turn is written, or has to wait where it is.
fn end_turn(inner: &mut Inner, writing: &mut Output) {
    if let Some(session) = inner.session.as_mut().filter(|session| session.waiting() == 0) {
        give_back(mem::take(session.output()));
    }
    if writing.is_empty() {
        give_back(mem::take(&mut writing.bytes));
    }
}

/// The application's call, while it runs.
type Call = Option<Boxed<Result<(), Error>>>;

// ANCHOR: connection
struct Connection {
    stream: Box<dyn Stream>,
    wire: Arc<Wire>,
    call: Call,
    errors: ErrorLog,
    /// What was read, and is not decoded, as the application has no room for it.
    rest: Vec<u8>,
    /// What is being written.
    writing: Output,
    /// Something is written, and not flushed.
    unflushed: bool,
    /// Since when there was no room for it.
    blocked: Option<Instant>,
    /// The last message was a long one.
    long: bool,
    /// Nothing is read, as the application has no room.
    paused: bool,
    /// Tells meanwhile whether the client has left.
    watch: Option<Boxed<()>>,
    /// Since when it has.
    gone: Option<Instant>,
    /// How long the call may go on then.
    grace: Duration,
    /// Since when applications know that the server goes down.
    stopping: Option<Instant>,
}
// ANCHOR_END: connection

/// Speaks WebSocket on a stream, until it is closed and the call has returned or was given up.
///
/// Not an `async fn`, whose future would have room for each argument twice: where it comes, and where it goes.
pub(crate) fn drive(
    upgraded: Upgraded,
    mut session: Session,
    wire: Arc<Wire>,
    config: Arc<Config>,
    shutdown: Shutdown,
) -> Boxed<()> {
    let Upgraded { stream, heard, mut first, call, grace, errors } = upgraded;
    mem::swap(session.output(), &mut first);
    wire.open(session);
    let mut connection = Connection {
        stream,
        wire,
        call,
        errors,
        rest: heard.into(),
        writing: Output::default(),
        unflushed: false,
        blocked: None,
        long: false,
        paused: false,
        watch: None,
        gone: None,
        grace,
        stopping: None,
    };
    Box::pin(async move {
        {
            let mut clock = pin!(sleep(config.patience.close));
            // It is polled once a task, so it must not put that off because the task has used up its budget.
            let mut stop = pin!(unconstrained(shutdown.begun()));
            let mut told = Told::default();
            poll_fn(|cx| {
                // It wakes the task; what it says is asked for in the next line.
                if told.is_new(cx.waker()) && connection.stopping.is_none() {
                    let _ = stop.as_mut().poll(cx);
                }
                if connection.stopping.is_none() && shutdown.has_begun() {
                    connection.stopping = Some(Instant::now());
                }
                connection.poll(&config, clock.as_mut(), &mut told, cx)
            })
            .await;
        }
        connection.ended();
        Box::pin(connection.close(&config)).await;
    })
}

/// What the connection's task was told of.
#[derive(Default)]
struct Told {
    task: Option<Waker>,
    /// The clock will wake it.
    clock: bool,
}

impl Told {
    /// Whether the connection is in another task than the last time.
    fn is_new(&mut self, task: &Waker) -> bool {
        if self.task.as_ref().is_some_and(|known| known.will_wake(task)) {
            return false;
        }
        self.task = Some(task.clone());
        self.clock = false;
        true
    }
}

impl Connection {
    // ANCHOR: turn
    /// Takes turns until there is nothing to do. Ready when the connection is to be closed.
    fn poll(
        &mut self,
        config: &Config,
        mut clock: Pin<&mut Sleep>,
        told: &mut Told,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        self.begin_turn();
        // The task was woken, and nobody knows what for.
        let mut news = true;
        loop {
            let read = self.poll_input(cx);
            if news | self.wire.lock().take_news() {
                self.poll_call(cx);
            }
            news = false;
            self.poll_output(cx);
            self.poll_clock(config, clock.as_mut(), told, cx);
            let mut inner = self.wire.lock();
            if inner.session.as_ref().is_none_or(Session::is_over) {
                return Poll::Ready(());
            }
            let resumes = self.paused && self.wire.has_room(&inner);
            if !read && !resumes && !inner.take_stir() && !inner.has_news() {
                inner.sleep(cx.waker());
                end_turn(&mut inner, &mut self.writing);
                return Poll::Pending;
            }
        }
    }
    // ANCHOR_END: turn

    /// What is sent in this turn goes where the thread has room for it.
    fn begin_turn(&self) {
        let mut inner = self.wire.lock();
        inner.wake_up();
        if let Some(session) = &mut inner.session
            && session.output().capacity() == 0
        {
            *session.output() = SPARE.take();
        }
    }

    /// Reads what there is, as far as it has room. Says whether there was something.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> bool {
        let mut inner = self.wire.lock();
        let has_room = self.wire.has_room(&inner);
        let Some(session) = &mut inner.session else { return false };
        if !session.is_reading() {
            return false;
        }
        let resumes = mem::replace(&mut self.paused, !has_room) && has_room;
        if resumes {
            session.resume(Instant::now().into_std());
        }
        if self.paused {
            drop(inner);
            self.poll_left(cx);
            return false;
        }
        self.watch = None;
        if !self.rest.is_empty() {
            drop(inner);
            let mut rest = mem::take(&mut self.rest);
            self.decode(&mut rest, cx);
            return true;
        }
        let place = session.place(LONG);
        drop(inner);
        if let Some(place) = place {
            return self.poll_place(place, cx);
        }
        BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::new(&mut buffer[..if self.long { PEEK } else { ROOM }]);
            match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Pending => return false,
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {}
                Poll::Ready(_) => {
                    self.lost(cx);
                    return true;
                }
            }
            self.decode(read.filled_mut(), cx);
            true
        })
    }

    /// Reads more of a long message to where it stays. Says whether there was something.
    fn poll_place(&mut self, mut place: Place, cx: &mut Context<'_>) -> bool {
        let polled = pin!(self.stream.read_buf(&mut place.room())).poll(cx);
        let mut inner = self.wire.lock();
        let Some(session) = &mut inner.session else { return false };
        let message = session.placed(place, Instant::now().into_std());
        match polled {
            Poll::Pending => return false,
            Poll::Ready(Ok(1..)) => self.long = true,
            Poll::Ready(_) => session.lost(),
        }
        if let Some(message) = message {
            inner.push(message);
        }
        tell(inner, cx);
        true
    }

    /// Whoever does not read does not come to the end of the stream, so something else has to tell whether the client has left.
    /// What it has said before is still received; what is sent is an error from then on.
    fn poll_left(&mut self, cx: &mut Context<'_>) {
        if self.gone.is_some() {
            return;
        }
        let stream = &self.stream;
        let watch = self.watch.get_or_insert_with(|| stream.left());
        if watch.as_mut().poll(cx).is_ready() {
            self.watch = None;
            self.gone = Some(Instant::now());
            self.wire.gone(cx.waker());
        }
    }

    /// Decodes what has come, as far as the application has room for it.
    fn decode(&mut self, mut input: &mut [u8], cx: &mut Context<'_>) {
        let now = Instant::now().into_std();
        let mut inner = self.wire.lock();
        while !input.is_empty() && self.wire.has_room(&inner) {
            let Some(session) = &mut inner.session else { break };
            let (used, message) = session.event(input, now);
            input = &mut input[used..];
            if let Some(message) = message {
                self.long = length(&message) >= LONG;
                inner.push(message);
            }
        }
        self.rest = input.to_vec();
        tell(inner, cx);
    }

    /// Polls the application.
    fn poll_call(&mut self, cx: &mut Context<'_>) {
        poll_call_of(&mut self.call, &self.wire, &self.errors, cx);
    }

    // ANCHOR: output
    /// Writes what there is, as far as the client has room for it.
    fn poll_output(&mut self, cx: &mut Context<'_>) {
        loop {
            if self.writing.is_written() && !self.poll_next_output(cx) {
                break;
            }
            match self.writing.poll_write(Pin::new(&mut self.stream), cx) {
                Poll::Ready(Ok(1..)) => {
                    self.blocked = None;
                    self.unflushed = true;
                }
                Poll::Ready(_) => return self.lost(cx),
                Poll::Pending => {
                    self.blocked.get_or_insert_with(Instant::now);
                    return;
                }
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(_)) => self.lost(cx),
                Poll::Pending => {}
            }
        }
    }
    // ANCHOR_END: output

    /// What was to be written is. Says whether there is more.
    fn poll_next_output(&mut self, cx: &mut Context<'_>) -> bool {
        let mut inner = self.wire.lock();
        inner.take_stir();
        let Some(session) = &mut inner.session else { return false };
        if !self.writing.is_empty() {
            self.writing.clear();
            session.written();
        }
        if session.waiting() == 0 {
            return false;
        }
        session.take_output(&mut self.writing.bytes);
        self.writing.apart = inner.apart.take();
        let senders = inner.senders(cx.waker());
        drop(inner);
        senders.into_iter().for_each(Waker::wake);
        true
    }

    /// Does what is due by now, and sees to it that the task is woken for what will be.
    fn poll_clock(
        &mut self,
        config: &Config,
        mut clock: Pin<&mut Sleep>,
        told: &mut Told,
        cx: &mut Context<'_>,
    ) {
        loop {
            let Some(until) = self.deadline(config) else { return };
            if clock.deadline() > until {
                clock.as_mut().reset(until);
            } else if told.clock && !clock.is_elapsed() {
                // It will wake this task early enough.
                return;
            }
            if clock.as_mut().poll(cx).is_pending() {
                // A task that has used up its budget is woken at once, and the sleep has not taken note of it.
                told.clock = has_budget_remaining();
                return;
            }
            told.clock = false;
            if clock.deadline() < until {
                clock.as_mut().reset(until);
            } else {
                self.late(config, cx);
            }
        }
    }

    /// When something is due.
    fn deadline(&self, config: &Config) -> Option<Instant> {
        let inner = self.wire.lock();
        let session = inner.session.as_ref()?;
        // Whoever does not read does not know whether the client is silent.
        let silence = session.deadline().filter(|_| !(self.paused && session.is_open()));
        let write = self.blocked.and_then(|since| since.checked_add(config.write));
        let drain = self.stopping.filter(|_| session.is_open());
        let drain = drain.and_then(|since| since.checked_add(config.drain));
        let gone = self.gone.filter(|_| self.paused);
        let gone = gone.and_then(|since| since.checked_add(self.grace));
        [silence.map(Instant::from_std), write, drain, gone].into_iter().flatten().min()
    }

    /// Something is due.
    fn late(&mut self, config: &Config, cx: &mut Context<'_>) {
        let now = Instant::now();
        let due = |since: Option<Instant>, after| {
            since.and_then(|since| since.checked_add(after)).is_some_and(|until| until <= now)
        };
        if due(self.blocked, config.write) || self.paused && due(self.gone, self.grace) {
            return self.lost(cx);
        }
        let mut inner = self.wire.lock();
        let Some(session) = &mut inner.session else { return };
        if due(self.stopping, config.drain) {
            session.close(codes::SERVICE_RESTART, "the server goes down", now.into_std());
        }
        session.expire(now.into_std());
        inner.touch();
        tell(inner, cx);
    }

    /// There is nobody any more.
    fn lost(&self, cx: &mut Context<'_>) {
        let mut inner = self.wire.lock();
        if let Some(session) = &mut inner.session {
            session.lost();
        }
        tell(inner, cx);
    }

    /// The WebSocket is over.
    fn ended(&self) {
        let end = self.wire.lock().session.as_ref().and_then(Session::end).cloned();
        self.wire.end(end.unwrap_or_else(|| Close::new(codes::LOST)));
    }

    /// Closes the stream so that the client gets to read the last word, and waits for the call.
    ///
    /// A close with bytes unread makes the kernel send a reset, and a reset can overtake the close frame (RFC 9112, section 9.6, says it of responses).
    async fn close(&mut self, config: &Config) {
        const WHY: &str = "an application went on after its client had left, and was dropped";
        const PASSED_OVER: usize = 1024 * 1024;
        let (call, errors, wire) = (&mut self.call, &self.errors, &self.wire);
        let stream = &mut self.stream;
        let mut farewell = pin!(Some(timeout(config.linger, async {
            let mut buffer = [0; 1024];
            let mut read = 0;
            // However it ends, the stream is closed now.
            let _ = stream.shutdown().await;
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                read += count;
                if read > PASSED_OVER {
                    break;
                }
            }
        })));
        let grace =
            self.gone.map_or(self.grace, |since| self.grace.saturating_sub(since.elapsed()));
        let mut sleep = pin!(sleep(grace));
        poll_fn(|cx| {
            if let Some(said) = farewell.as_mut().as_pin_mut()
                && said.poll(cx).is_ready()
            {
                farewell.set(None);
            }
            if call.is_some() {
                poll_call_of(call, wire, errors, cx);
            }
            if call.is_some() && sleep.as_mut().poll(cx).is_ready() {
                *call = None;
                errors.report(WHY);
            }
            if farewell.is_none() && call.is_none() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Whoever has an application's sender or receiver learns that there is nobody.
impl Drop for Connection {
    fn drop(&mut self) {
        self.wire.end(Close::new(codes::LOST));
    }
}

fn poll_call_of(call: &mut Call, wire: &Wire, errors: &ErrorLog, cx: &mut Context<'_>) {
    let Some(polled) = call else { return };
    let Poll::Ready(returned) = poll_call(polled.as_mut(), cx) else { return };
    *call = None;
    if let Err(failure) = wire.finish(returned)
        && !failure.is_expected()
    {
        errors.report(&failure.to_string());
    }
}

/// Wakes whoever waits to receive, if there is something now.
fn tell(mut inner: MutexGuard<'_, Inner>, cx: &Context<'_>) {
    let receiver = inner.receiver(cx.waker());
    drop(inner);
    receiver.into_iter().for_each(Waker::wake);
}
