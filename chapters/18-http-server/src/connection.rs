//! One connection, in one task: hyper's connection, the application's calls beside it, and what hyper does not see or bound.

use std::fmt;
use std::future::{poll_fn, ready};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use gateway::{
    App, Connection, Error, Exchange, Extension, Extensions, HttpScope, Receive, RequestHead,
    Rules, Scope, Sender, Shutdown, State,
};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use wsgi::clock::http_date;

use crate::calls::{Answer, Calls, Manners, Wire, is_ours};
use crate::check::{Wants, check};
use crate::config::Config;
use crate::io::Io;
use crate::scan::{Limits, Phase, Refusal, Scanner};
use crate::timer::{Timer, Waiting};
use crate::transport::Transport;
use crate::upgrade::{Asked, Boxed, Refused, Upgraded, Upgrading, Wish};

/// What all connections of a server share.
pub(crate) struct Shared<A> {
    pub(crate) app: A,
    pub(crate) config: Config,
    pub(crate) state: State,
    pub(crate) shutdown: Shutdown,
    pub(crate) closing: Shutdown,
    /// `closing` has begun: to be asked in each turn of each connection.
    pub(crate) closed: AtomicBool,
    pub(crate) in_flight: AtomicUsize,
    /// How many connections are not parked.
    pub(crate) awake: AtomicUsize,
}

impl<A> Shared<A> {
    /// What all requests over a stream share.
    pub(crate) fn connection(&self, stream: &impl Transport) -> Connection {
        let (client, server) = stream.addresses();
        let tls = stream.tls();
        Connection {
            encrypted: tls.is_some(),
            client,
            server,
            root_path: self.config.root_path.clone(),
            tls: tls.map(Arc::new),
            shutdown: self.shutdown.clone(),
        }
    }
}

/// A connection that is not parked.
struct Awake<'a> {
    count: &'a AtomicUsize,
}

impl<'a> Awake<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self { count }
    }
}

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Relaxed);
    }
}

/// Why nothing more is served.
enum End {
    /// hyper has done all; whether well.
    Over(bool),
    /// The client is told, and nothing else.
    Refuse(Refusal),
    /// Both sides have done what they had to.
    Idle,
    /// Nobody is there, or nobody that reads.
    Gone,
    /// The connection is idle since then. It is not closed, but parked.
    Park(Instant),
    /// From here on, another protocol is spoken.
    Switch,
}

/// A connection between two requests: all that is left of it while it is idle for long.
struct Parked<S> {
    stream: S,
    /// Bytes that were read, and begin no request yet.
    heard: Bytes,
    served: u64,
    /// When it is closed, if nothing comes.
    until: Option<Instant>,
}

/// What comes after some requests.
enum Next<S> {
    /// The connection is idle, since then.
    Idle(Instant, Parked<S>),
    /// Another protocol is spoken on it.
    Switched(Boxed<()>),
    /// It is closed.
    Over,
}

/// A connection whose next request comes so soon was parked in vain: to put away what it needs and to make it again costs more than a request.
const IN_VAIN: Duration = Duration::from_millis(50);

/// Serves one connection, until it is closed and each call has returned or was given up. `permit` is dropped then.
///
/// It begins as it is between two requests: parked. What a request needs is in a box, and is there while it is needed.
pub(crate) async fn drive<A: App + 'static, S: Transport>(
    stream: S,
    heard: Bytes,
    shared: Arc<Shared<A>>,
    permit: impl Send,
) {
    let config = &shared.config;
    let connection = Arc::new(shared.connection(&stream));
    let until = Instant::now().checked_add(config.first_byte);
    let mut speaks = !heard.is_empty();
    let mut parked = Parked { stream, heard, served: 0, until };
    let mut idle = None;
    // In a box as well: what a connection becomes later need not have room for it.
    while speaks || Box::pin(listen(&mut parked, &shared.closing, config)).await {
        speaks = false;
        let busy = idle.is_some_and(|since: Instant| since.elapsed() < IN_VAIN);
        match Box::pin(serve(parked, busy, &shared, &connection)).await {
            Next::Idle(since, next) => (idle, parked) = (Some(since), next),
            Next::Switched(other) => return other.await,
            Next::Over => return,
        }
    }
    Box::pin(close(parked.stream, End::Idle, config)).await;
    drop(permit);
}

/// Waits until a parked connection has something to say. Says whether it had: not if it is at its end, or the server is.
async fn listen<S: Transport>(parked: &mut Parked<S>, closing: &Shutdown, config: &Config) -> bool {
    const ROOM: usize = 2 * 1024;
    let mut sleep = pin!(parked.until.map(sleep_until));
    // Who has connected a moment ago has something to say, and it may be on its way.
    let fresh = Instant::now().checked_add(config.linger).filter(|_| parked.served == 0);
    let mut stop = pin!(async {
        closing.begun().await;
        if let Some(until) = fresh {
            // In a box, as it is not there before the end.
            Box::pin(sleep_until(until)).await;
        }
    });
    poll_fn(|cx| {
        let mut room = [const { MaybeUninit::uninit() }; ROOM];
        let mut read = ReadBuf::uninit(&mut room);
        // What the client has said before the server's end is answered, so this comes first.
        if let Poll::Ready(result) = Pin::new(&mut parked.stream).poll_read(cx, &mut read) {
            let more = result.is_ok() && !read.filled().is_empty();
            if more {
                parked.heard = [&parked.heard, read.filled()].concat().into();
            }
            return Poll::Ready(more);
        }
        let late = sleep.as_mut().as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_ready());
        if late || stop.as_mut().poll(cx).is_ready() { Poll::Ready(false) } else { Poll::Pending }
    })
    .await
}

/// Serves requests, until the connection is closed, or idle again, or no more for requests.
///
/// If it is `busy`, it is not parked before [`Config::park`] is over.
async fn serve<A: App + 'static, S: Transport>(
    parked: Parked<S>,
    busy: bool,
    shared: &Arc<Shared<A>>,
    connection: &Arc<Connection>,
) -> Next<S> {
    let config = &shared.config;
    let _awake = Awake::new(&shared.awake);
    let Parked { stream, heard, served, until: _ } = parked;
    let wire = Arc::new(Wire::after(served, config.drain));
    let meter = &wire.meter;
    let manners = Manners { server: config.server.clone(), write_buffer: config.write_buffer };
    let calls = Arc::new(Calls::new(Arc::clone(&wire), manners, config.errors.clone()));
    let mut left = pin!(Some(stream.left(config.half_close)));
    let idle = stream.idle();
    let limits = Limits { bytes: config.head_bytes, fields: config.head_fields };
    let scanner = Scanner::after(served, limits);
    let io = TokioIo::new(Io::new(stream, heard, scanner, Arc::clone(&wire)));
    let service = service_fn(|request: Request<Incoming>| {
        let number = wire.served.fetch_add(1, Relaxed) + 1;
        let last = config.requests.is_some_and(|most| number >= most);
        wire.last.store(last || wire.stopping.load(Relaxed), Relaxed);
        begin(request, shared, connection, &calls, run)
    });
    let mut hyper = http1::Builder::new()
        // Where the end is seen without reading, hyper is not to take it for the end of all.
        .half_close(config.half_close || S::WATCHES)
        .auto_date_header(config.date)
        .serve_connection(io, service);
    let mut timer = Timer::new();
    let mut sleep = pin!(sleep(config.park.min(config.head)));
    // It is polled once a task, so it must not put that off because the task has used up its budget.
    let mut stop = pin!(unconstrained(shared.closing.begun()));
    // The task that the sleep and the stop were told of. As long as it is the same, they need not be told again.
    let mut task: Option<Waker> = None;
    let end = poll_fn(|cx| {
        let known = task.as_ref().is_some_and(|task| task.will_wake(cx.waker()));
        if !known {
            task = Some(cx.waker().clone());
            wire.belongs_to(cx.waker());
            // It wakes the task; what it says is asked for in the next lines.
            if !wire.stopping.load(Relaxed) {
                let _ = stop.as_mut().poll(cx);
            }
        }
        if shared.closed.load(Relaxed) && !wire.stopping.load(Relaxed) {
            wire.last.store(true, Relaxed);
            wire.stopping.store(true, Relaxed);
        }
        calls.turn();
        loop {
            if let Poll::Ready(result) = hyper.poll_without_shutdown(cx) {
                if let Err(error) = &result {
                    ended_by_hyper(error, config, connection);
                }
                return Poll::Ready(End::Over(result.is_ok()));
            }
            let working = calls.poll(cx).is_pending();
            wire.poll_drain(cx);
            let _ = wire.handshake.poll(&config.errors, cx);
            if wire.handshake.is_agreed() && meter.is_flushed() {
                return Poll::Ready(End::Switch);
            }
            if let Some(end) = wire.refusal() {
                return Poll::Ready(end);
            }
            if wire.is_responding() {
                if let Some(gone) = left.as_mut().as_pin_mut()
                    && gone.poll(cx).is_ready()
                {
                    // It concerns the requests behind this one as well.
                    left.set(None);
                }
                if left.is_none() && (wire.handshake.is_on() || !wire.slot.is_complete()) {
                    return Poll::Ready(End::Gone);
                }
            }
            // hyper has read all that there was: nothing is in the kernel either.
            if wire.stopping.load(Relaxed) && wire.is_quiet() && meter.phase() == Phase::Idle {
                return Poll::Ready(End::Idle);
            }
            let waiting = wire.waiting();
            idle(matches!(waiting, Waiting::Idle(_)));
            let late = timer.poll(waiting, config, sleep.as_mut(), known, cx);
            if let Some(since) = timer.settling() {
                // Whatever an application has kept of a call would not learn of the connection's end any more.
                let free = !working && meter.is_flushed() && Arc::strong_count(&wire) == WIRES;
                let crowded = !busy && shared.awake.load(Relaxed) > config.awake;
                if free && (late.is_ready() || crowded) {
                    return Poll::Ready(End::Park(since));
                }
                if late.is_ready() {
                    timer.stay(config);
                    continue;
                }
            } else if let Poll::Ready(late) = late {
                return Poll::Ready(wire.too_late(late));
            }
            if !meter.is_relieved() {
                return Poll::Pending;
            }
        }
    })
    .await;
    left.set(None);
    if let End::Refuse(refusal) = end {
        config.decline(refusal.status(), &refusal.to_string(), connection);
    }
    let parts = hyper.into_parts();
    stopped(parts.io.into_inner(), parts.read_buf, end, calls, shared).await
}

/// hyper has given up the connection. What it cannot parse it has answered by itself, with these statuses.
#[cold]
fn ended_by_hyper(error: &hyper::Error, config: &Config, connection: &Connection) {
    if error.is_parse() {
        let status = if error.is_parse_too_large() {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        } else {
            StatusCode::BAD_REQUEST
        };
        config.decline(status, &error.to_string(), connection);
    }
}

/// No more requests are served for now: what comes next.
async fn stopped<A, S, F>(
    io: Io<S>,
    read: Bytes,
    mut end: End,
    calls: Arc<Calls<F>>,
    shared: &Arc<Shared<A>>,
) -> Next<S>
where
    A: App + 'static,
    S: Transport,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let (config, wire) = (&shared.config, &calls.wire);
    if let End::Park(since) = end {
        let until = since.checked_add(config.keep_alive);
        let served = wire.meter.heads();
        // Copied, even if it is empty: it is a part of hyper's buffer, and would keep it.
        let heard = Bytes::copy_from_slice(&read);
        return Next::Idle(since, Parked { stream: io.stream, heard, served, until });
    }
    if let End::Switch = end
        && let Some(wish) = wire.handshake.take()
    {
        let heard = [read, io.held].concat().into();
        return Next::Switched(switched(io.stream, heard, *wish, calls, shared));
    }
    if matches!(end, End::Over(false) | End::Gone) && wire.delimited_by_close.load(Relaxed) {
        io.stream.reset();
        end = End::Gone;
    }
    finish(close(io.stream, end, config), &calls, config).await;
    Next::Over
}

/// From here on, another protocol is spoken.
fn switched<A, S, F>(
    stream: S,
    heard: Bytes,
    wish: Wish,
    calls: Arc<Calls<F>>,
    shared: &Arc<Shared<A>>,
) -> Boxed<()>
where
    A: App + 'static,
    S: Transport,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let config = &shared.config;
    let mut other = wish.upgrading.serve(Upgraded {
        stream: Box::new(stream),
        heard,
        first: first_words(&wish.headers, config),
        call: wish.call,
        grace: config.after_disconnect,
        errors: config.errors.clone(),
    });
    if !calls.is_busy() {
        return other;
    }
    // What goes on after the response to an earlier request does so beside it.
    let shared = Arc::clone(shared);
    Box::pin(async move {
        poll_fn(|cx| {
            calls.turn();
            let _ = calls.poll(cx);
            other.as_mut().poll(cx)
        })
        .await;
        finish(ready(()), &calls, &shared.config).await;
    })
}

/// Closes the connection, by `close`, and waits for the calls that still run.
async fn finish<F: Future<Output = Result<(), Error>>>(
    close: impl Future<Output = ()>,
    calls: &Calls<F>,
    config: &Config,
) {
    calls.wire.slot.close();
    calls.wire.handshake.gone();
    let mut sleep = pin!(sleep(config.after_disconnect));
    let mut closing = pin!(Some(close));
    poll_fn(|cx| {
        calls.turn();
        if let Some(close) = closing.as_mut().as_pin_mut()
            && close.poll(cx).is_ready()
        {
            closing.set(None);
        }
        let poll = |cx: &mut Context<'_>| {
            let handshake = calls.wire.handshake.poll(&config.errors, cx);
            if calls.poll(cx).is_ready() { handshake } else { Poll::Pending }
        };
        let mut running = poll(cx);
        if running.is_pending() && sleep.as_mut().poll(cx).is_ready() {
            calls.give_up();
            running = poll(cx);
        }
        if closing.is_none() { running } else { Poll::Pending }
    })
    .await;
}

/// How many references to a connection's wire there are when no application has one: that of the connection, that of its calls, and that of its stream.
const WIRES: usize = 3;

impl Wire {
    /// Whether nothing is to be done until the client sends a request, or the rest of a head.
    fn is_quiet(&self) -> bool {
        self.served.load(Relaxed) == self.meter.heads()
            && !self.is_responding()
            && !self.meter.is_blocked()
    }

    /// What the scanner has refused, when its turn has come: requests that stand before it are answered first.
    fn refusal(&self) -> Option<End> {
        let refusal = self.meter.refusal()?;
        if self.served.load(Relaxed) != self.meter.heads() || self.meter.is_blocked() {
            return None;
        }
        match (self.meter.phase(), self.is_responding()) {
            (Phase::Body, true) if self.slot.is_handed() => Some(End::Gone),
            (Phase::Body, true) | (Phase::Head | Phase::Idle, false) => Some(End::Refuse(refusal)),
            // The response to it is out already.
            (Phase::Body, false) => Some(End::Idle),
            (Phase::Head | Phase::Idle, true) => None,
        }
    }

    /// What of the client's is waited for.
    fn waiting(&self) -> Waiting {
        let meter = &self.meter;
        if meter.is_blocked() {
            return Waiting::Write(self.served.load(Relaxed), meter.written());
        }
        let heads = meter.heads();
        match meter.phase() {
            Phase::Body if self.served.load(Relaxed) == heads && self.is_reading() => {
                Waiting::Body(heads, meter.read())
            }
            Phase::Idle if self.is_quiet() => Waiting::Idle(heads),
            Phase::Head if self.is_quiet() => Waiting::Head(heads),
            _ => Waiting::Nothing,
        }
    }

    /// It was waited for too long.
    fn too_late(&self, waiting: Waiting) -> End {
        match waiting {
            Waiting::Head(_) => End::Refuse(Refusal::Timeout),
            Waiting::Body(..) if self.is_responding() && !self.slot.is_handed() => {
                End::Refuse(Refusal::Timeout)
            }
            Waiting::Idle(_) => End::Idle,
            Waiting::Body(..) | Waiting::Write(..) | Waiting::Nothing => End::Gone,
        }
    }
}

/// A place among the calls in flight, until it is dropped. [`Server::admit`](crate::Server::admit) gives it.
pub struct Ticket<A> {
    shared: Arc<Shared<A>>,
}

impl<A> Ticket<A> {
    pub(crate) fn take(shared: &Arc<Shared<A>>) -> Option<Self> {
        if let Some(most) = shared.config.in_flight
            && shared.in_flight.fetch_add(1, Relaxed) >= most
        {
            shared.in_flight.fetch_sub(1, Relaxed);
            return None;
        }
        Some(Self { shared: Arc::clone(shared) })
    }
}

impl<A: App> Ticket<A> {
    /// Calls the application. The call's future has the ticket.
    pub fn call(
        self,
        scope: Scope,
        receive: Receive,
        send: Sender,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        run(self, scope, receive, send)
    }
}

impl<A> fmt::Debug for Ticket<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ticket")
    }
}

impl<A> Drop for Ticket<A> {
    fn drop(&mut self) {
        if self.shared.config.in_flight.is_some() {
            self.shared.in_flight.fetch_sub(1, Relaxed);
        }
    }
}

/// The call's future owns the application, so that hyper's body type, which must be `'static`, can name it.
#[expect(clippy::manual_async_fn, reason = "an async fn would move its arguments once more")]
fn run<A: App>(
    ticket: Ticket<A>,
    scope: Scope,
    receive: Receive,
    send: Sender,
) -> impl Future<Output = Result<(), Error>> + Send {
    async move {
        // It is awaited where it stands. `call(…).await` would move it there first, and it is the size of the application's state.
        pin!(ticket.shared.app.call(scope, receive, send)).await
    }
}

/// As [`run`], for a call that may take hours: its future has no room for the arguments, which are the application's by then.
#[expect(clippy::manual_async_fn, reason = "an async fn would have room for its arguments twice")]
fn run_small<A: App>(
    ticket: Ticket<A>,
    arguments: Box<(Scope, Receive, Sender)>,
) -> impl Future<Output = Result<(), Error>> + Send {
    async move {
        let call = {
            // The box goes with the block.
            let arguments = arguments;
            let (scope, receive, send) = *arguments;
            ticket.shared.app.call(scope, receive, send)
        };
        call.await
    }
}

/// A request has come: the application is called, or the server answers itself.
#[inline]
fn begin<A: App + 'static, F: Future<Output = Result<(), Error>>>(
    request: Request<Incoming>,
    shared: &Arc<Shared<A>>,
    connection: &Arc<Connection>,
    calls: &Arc<Calls<F>>,
    run: impl FnOnce(Ticket<A>, Scope, Receive, Sender) -> F,
) -> Answer<F> {
    let wire = &calls.wire;
    let (mut parts, body) = request.into_parts();
    let wants = match check(&parts.method, &parts.uri, parts.version, &mut parts.headers) {
        Ok(wants) => wants,
        Err((status, why)) => {
            drop(wire.put_body(parts.version, &parts.headers, body));
            wire.last.store(true, Relaxed);
            return decline(status, why, shared, connection, calls);
        }
    };
    let head = RequestHead {
        version: parts.version,
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
    };
    // HTTP/1.0 has no upgrade, so the field means nothing in it (RFC 9110, section 7.8).
    if wants.upgrade
        && head.version == Version::HTTP_11
        && let Some(upgrade) = &shared.config.upgrade
        && let Some(asked) = upgrade.asked(&Asked { head: &head, protocol: None })
    {
        drop(wire.put_body(head.version, &head.headers, body));
        return begin_other(asked, head, shared, connection, calls);
    }
    let Some(ticket) = Ticket::take(shared) else {
        drop(wire.put_body(head.version, &head.headers, body));
        return busy(shared, connection, calls);
    };
    let extensions = offered(head.version, wants);
    let scope = Scope::Http(HttpScope {
        head: wire.put(head, body),
        extensions,
        state: shared.state.clone(),
        connection: Arc::clone(connection),
    });
    calls.make_room();
    let call = wire.slot.begin(Rules::of(&scope));
    let exchange: Arc<dyn Exchange> = Arc::clone(wire) as _;
    let receive = Receive::new(Arc::clone(&exchange), call);
    let send = Sender::new(exchange, call);
    calls.start(call, || run(ticket, scope, receive, send));
    Answer::Call(Arc::clone(calls))
}

/// The server answers in the application's place.
#[cold]
fn decline<A, F: Future<Output = Result<(), Error>>>(
    status: StatusCode,
    why: &str,
    shared: &Shared<A>,
    connection: &Connection,
    calls: &Arc<Calls<F>>,
) -> Answer<F> {
    shared.config.decline(status, why, connection);
    Answer::ours(Arc::clone(calls), status, why)
}

/// A request has come that asks for another protocol.
#[cold]
fn begin_other<A: App + 'static, F: Future<Output = Result<(), Error>>>(
    asked: Result<Box<dyn Upgrading>, Refused>,
    head: RequestHead,
    shared: &Arc<Shared<A>>,
    connection: &Arc<Connection>,
    calls: &Arc<Calls<F>>,
) -> Answer<F> {
    let wire = &calls.wire;
    let refuse = |status, why: &str| {
        wire.last.store(true, Relaxed);
        decline(status, why, shared, connection, calls)
    };
    let mut upgrading = match asked {
        Ok(upgrading) => upgrading,
        Err(Refused { status, headers, why }) => {
            let fields = headers.iter().map(|(name, value)| (name.clone(), value.clone()));
            return fields
                .fold(refuse(status, &why), |answer, (name, value)| answer.with(name, value));
        }
    };
    if wire.has_body() {
        let why = "a request that asks for another protocol has no body here";
        return refuse(StatusCode::BAD_REQUEST, why);
    }
    let Some(ticket) = Ticket::take(shared) else {
        return busy(shared, connection, calls);
    };
    let (scope, receive, send) = upgrading.call(HttpScope {
        head: Arc::new(copied(head)),
        extensions: Extensions::NONE,
        state: shared.state.clone(),
        connection: Arc::clone(connection),
    });
    wire.handshake.begin(upgrading, Box::pin(run_small(ticket, (scope, receive, send).into())));
    Answer::Upgrade(Arc::clone(calls))
}

/// A copy of a head, for as long as another protocol is spoken. Its fields are parts of what was read, and would keep all of that, some 8 KiB.
pub fn copied(head: RequestHead) -> RequestHead {
    let mut all =
        Bytes::from(head.headers.values().map(HeaderValue::as_bytes).collect::<Vec<_>>().concat());
    let mut copy =
        |value: &HeaderValue| HeaderValue::from_maybe_shared(all.split_to(value.len())).ok();
    let fields = head.headers.iter().filter_map(|(name, value)| Some((name.clone(), copy(value)?)));
    let headers = fields.collect();
    RequestHead { uri: head.uri.to_string().parse().unwrap_or(head.uri), headers, ..head }
}

/// More calls are in flight than may be.
#[cold]
fn busy<A, F: Future<Output = Result<(), Error>>>(
    shared: &Arc<Shared<A>>,
    connection: &Connection,
    calls: &Arc<Calls<F>>,
) -> Answer<F> {
    let (status, why) = (StatusCode::SERVICE_UNAVAILABLE, "too many requests are in flight");
    let seconds = HeaderValue::from(shared.config.retry_after.as_secs());
    decline(status, why, shared, connection, calls).with(header::RETRY_AFTER, seconds)
}

/// The extensions for this request.
fn offered(version: Version, wants: Wants) -> Extensions {
    const FILES: Extensions =
        Extensions::NONE.with(Extension::PathSend).with(Extension::ZeroCopySend);
    if version == Version::HTTP_10 {
        // There are neither informational responses nor chunks in it.
        return FILES;
    }
    let extensions = FILES.with(Extension::EarlyHint);
    if wants.trailers { extensions.with(Extension::Trailers) } else { extensions }
}

/// Says the last word, and closes so that the client gets to read it.
///
/// A close with bytes unread makes the kernel send a reset, and a reset can overtake the response (RFC 9112, section 9.6).
async fn close<S: Transport>(mut stream: S, end: End, config: &Config) {
    let farewell = async {
        match end {
            End::Gone => return Ok(false),
            End::Over(_) | End::Idle | End::Park(_) | End::Switch => {}
            End::Refuse(refusal) => {
                stream.write_all(last_words(refusal, config).as_bytes()).await?;
            }
        }
        stream.shutdown().await.map(|()| true)
    };
    if !matches!(timeout(config.write, farewell).await, Ok(Ok(true))) {
        return;
    }
    let linger = async {
        let mut left = config.drain;
        let mut buffer = vec![0; 4 * 1024];
        while left > 0 {
            match stream.read(&mut buffer).await {
                Ok(count @ 1..) => left = left.saturating_sub(count as u64),
                Ok(0) | Err(_) => break,
            }
        }
    };
    // However it ends, the connection is closed now.
    let _ = timeout(config.linger, linger).await;
}

/// The beginning of a head that hyper does not write.
fn head(status: StatusCode, config: &Config) -> String {
    use std::fmt::Write;
    let mut text = format!("HTTP/1.1 {status}\r\n");
    if config.date {
        let _ = write!(text, "date: {}\r\n", http_date(SystemTime::now()));
    }
    if let Some(server) = config.server.as_ref().and_then(|server| server.to_str().ok()) {
        let _ = write!(text, "server: {server}\r\n");
    }
    text
}

/// The head of 101. hyper can write one, and says that it is done before it is written: what the client has no room for would be lost.
fn first_words(headers: &HeaderMap, config: &Config) -> Vec<u8> {
    let mut words = head(StatusCode::SWITCHING_PROTOCOLS, config).into_bytes();
    words.extend_from_slice(b"connection: upgrade\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| !is_ours(name)) {
        words.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    words.extend_from_slice(b"\r\n");
    words
}

fn last_words(refusal: Refusal, config: &Config) -> String {
    use std::fmt::Write;
    let mut text = head(refusal.status(), config);
    let body = format!("{refusal}\n");
    let _ = write!(
        text,
        "content-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    text
}
