//! One connection of HTTP/2: h2's connection in one task, a task for each stream, and what h2 does not bound.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gateway::{
    App, Connection, Exchange, Extension, Extensions, HttpScope, Receive, RequestHead,
    ResponseStart, Rules, Scope, Sender,
};
use h2::ext::Protocol;
use h2::server::{Builder, SendResponse};
use h2::{Ping, Reason, RecvStream};
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode, Version, header};
use http_server::upgrade::{Asked, Boxed, Refused, copied};
use http_server::{Config, Transport};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::config::{Http2, LARGEST_WINDOW};
use crate::extended::{self, Wish};
use crate::flush::Flush;
use crate::frames::Frames;
use crate::head::{brief, normalize};
use crate::io::{Io, Meter};
use crate::observe::Observed;
use crate::stream::{Answer, Wire, refuse, serve};

/// The smallest and the largest bound on a frame (RFC 9113, section 6.5.2).
const FRAMES: (u32, u32) = (1 << 14, (1 << 24) - 1);

fn builder(http2: &Http2, config: &Config) -> Builder {
    let head_bytes = u32::try_from(config.head_bytes).unwrap_or(u32::MAX);
    let mut builder = Builder::new();
    builder
        .initial_window_size(http2.window.min(LARGEST_WINDOW))
        .initial_connection_window_size(http2.whole_window())
        .max_concurrent_streams(http2.streams)
        .max_header_list_size(head_bytes)
        .max_frame_size(http2.frame.clamp(FRAMES.0, FRAMES.1))
        .max_send_buffer_size(http2.send_buffer)
        .max_local_error_reset_streams(usize::try_from(http2.resets.burst).ok());
    if config.upgrade.is_some() {
        builder.enable_connect_protocol();
    }
    builder
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Not yet.
    Open,
    /// The client has been told, and gets the responses that are due.
    Graceful,
    /// The client has been told, and gets nothing more.
    Abrupt,
}

/// What a connection waits for. The numbers tell one wait from the next: each has its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// For room to write, after so many bytes.
    Write(u64),
    /// For the rest of a block of headers.
    Headers,
    /// For a stream, after so many.
    Idle(u64),
    /// For anything, while streams are open.
    Streams,
    /// For anything after a PING, when so many bytes had come.
    Pong(u64),
    /// For the end.
    End,
}

/// Serves one connection, until it is closed and each call has returned or was given up. When `closing` is ready, no more streams are begun.
pub(crate) async fn drive<A: App + 'static, S: Transport>(
    stream: S,
    server: http_server::Server<A>,
    http2: Arc<Http2>,
    closing: impl Future<Output = ()>,
) {
    let config = server.config();
    let connection = Arc::new(server.connection(&stream));
    let idle = stream.idle();
    let meter = Arc::new(Meter::default());
    let stream = Observed::server(stream, http2.observer.clone());
    let io = Io::new(stream, Frames::new(&http2), Arc::clone(&meter));
    // In a box, as it is as large as a connection, and short.
    let handshake = Box::pin(builder(&http2, config).handshake(io));
    let Ok(Ok(h2)) = timeout(config.head, handshake).await else { return };
    let mut streams = Streams {
        h2,
        tasks: JoinSet::new(),
        begun: 0,
        server: &server,
        http2: &http2,
        connection,
        flush: Flush::default(),
    };
    let mut stop = pin!(closing);
    let mut pings = streams.h2.ping_pong();
    let mut asked = None;
    let mut timer = Timer::new();
    let mut sleep = pin!(sleep(http2.keep_alive));
    let mut end = End::Open;
    // ANCHOR: turn
    poll_fn(|cx| {
        loop {
            if streams.poll(cx).is_ready() {
                return Poll::Ready(());
            }
            idle(streams.tasks.is_empty());
            if end != End::Abrupt
                && let Some(flood) = meter.flood()
            {
                config.errors.report(&format!("a client {flood}: its connection is closed"));
                streams.h2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                end = End::Abrupt;
                continue;
            }
            let last = config.requests.is_some_and(|most| streams.begun >= most);
            if end == End::Open && (last || stop.as_mut().poll(cx).is_ready()) {
                streams.h2.graceful_shutdown();
                end = End::Graceful;
                continue;
            }
            if asked.is_some_and(|then| then != meter.read()) {
                asked = None;
            }
            let waiting = if end == End::Abrupt {
                Waiting::End
            } else if meter.is_blocked() {
                Waiting::Write(meter.written())
            } else if meter.is_in_headers() {
                Waiting::Headers
            } else if !streams.tasks.is_empty() {
                asked.map_or(Waiting::Streams, Waiting::Pong)
            } else if end == End::Graceful {
                Waiting::End
            } else {
                Waiting::Idle(streams.begun)
            };
            let late = timer.poll(waiting, config, &http2, meter.read(), sleep.as_mut(), cx);
            let silent = ready!(late);
            match waiting {
                Waiting::Streams if silent => {
                    if let Some(pings) = &mut pings {
                        while pings.poll_pong(cx).is_ready() {}
                        let _ = pings.send_ping(Ping::opaque());
                    }
                    asked = Some(meter.read());
                }
                Waiting::Streams => {}
                Waiting::Idle(_) => {
                    streams.h2.graceful_shutdown();
                    end = End::Graceful;
                }
                Waiting::Headers => {
                    streams.h2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                    end = End::Abrupt;
                }
                Waiting::Write(_) | Waiting::Pong(_) | Waiting::End => return Poll::Ready(()),
            }
        }
    })
    .await;
    // ANCHOR_END: turn
    // Without a connection each stream learns that its client is gone.
    let Streams { h2, mut tasks, .. } = streams;
    drop(h2);
    while tasks.join_next().await.is_some() {}
}

/// h2's connection, and the tasks of its streams.
struct Streams<'a, A, S> {
    h2: h2::server::Connection<Io<Observed<S>>, Bytes>,
    /// Each has a call of the application. If this is dropped, so are they.
    tasks: JoinSet<()>,
    /// How many streams the client has opened.
    begun: u64,
    server: &'a http_server::Server<A>,
    http2: &'a Http2,
    connection: Arc<Connection>,
    flush: Flush,
}

impl<A: App + 'static, S: Transport> Streams<'_, A, S> {
    /// Reads, writes, and begins the streams that have come. Ready when the connection is over.
    // ANCHOR: streams
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _flushing = self.flush.begin(cx.waker());
        loop {
            while let Poll::Ready(Some(_)) = self.tasks.poll_join_next(cx) {}
            // A stream that was reset is closed, and its call may still run: so it is the
            // calls that are counted. Streams that have no place wait in h2, and a client
            // that resets these as well is cut off by h2.
            if self.tasks.len() >= self.http2.streams as usize {
                return self.h2.poll_closed(cx).map(drop);
            }
            match ready!(self.h2.poll_accept(cx)) {
                Some(Ok((request, respond))) => self.begin(request, respond),
                Some(Err(_)) | None => return Poll::Ready(()),
            }
        }
    }
    // ANCHOR_END: streams

    /// A request has come: the application is called, or the server answers itself.
    fn begin(&mut self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        self.begun += 1;
        let config = self.server.config();
        let (mut parts, body) = request.into_parts();
        // Without a protocol it is none of ours, and h2 lets one through only where another protocol can be spoken.
        let protocol = parts.extensions.remove::<Protocol>();
        if protocol.is_some() {
            // But for its name, its head is that of a request for a page.
            parts.method = Method::GET;
        }
        let wants = match normalize(&mut parts, config.head_fields) {
            Ok(wants) => wants,
            Err((status, why)) => {
                return self.decline(&mut respond, brief(status), why);
            }
        };
        if let Some(protocol) = protocol {
            parts.method = Method::CONNECT;
            return self.begin_other(&protocol, parts, body, respond);
        }
        let Some(ticket) = self.server.admit() else {
            return self.busy(&mut respond);
        };
        let extensions = Extensions::NONE
            .with(Extension::PathSend)
            .with(Extension::ZeroCopySend)
            .with(Extension::EarlyHint);
        let extensions =
            if wants.trailers { extensions.with(Extension::Trailers) } else { extensions };
        let wire = Arc::new(Wire::new(body, &parts.headers));
        let head = RequestHead {
            version: Version::HTTP_2,
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
        };
        let scope = Scope::Http(HttpScope {
            head: Arc::new(head),
            extensions,
            state: self.server.state(),
            connection: Arc::clone(&self.connection),
        });
        let id = wire.slot.begin(Rules::of(&scope));
        let exchange: Arc<dyn Exchange> = Arc::clone(&wire) as _;
        let receive = Receive::new(Arc::clone(&exchange), id);
        let send = Sender::new(exchange, id);
        let answer = Answer::new(respond, &wire, self.flush.clone());
        let call = || ticket.call(scope, receive, send);
        let (server, connection) = (self.server.clone(), Arc::clone(&self.connection));
        // In a box: Tokio moves a future several times before it stays, and this one has the application's in it.
        self.tasks.spawn(Box::pin(serve(call, id, wire, answer, server, connection)));
    }

    /// An extended CONNECT has come: another protocol is to be spoken on this stream.
    fn begin_other(
        &mut self,
        protocol: &Protocol,
        parts: Parts,
        body: RecvStream,
        mut respond: SendResponse<Bytes>,
    ) {
        let config = self.server.config();
        let head = copied(RequestHead {
            version: Version::HTTP_2,
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
        });
        let asked = Asked { head: &head, protocol: Some(protocol.as_str()) };
        let mut upgrading = match config.upgrade.as_ref().and_then(|upgrade| upgrade.asked(&asked))
        {
            Some(Ok(upgrading)) => upgrading,
            Some(Err(Refused { status, headers, why })) => {
                let mut start = brief(status);
                start.headers.extend(headers);
                return self.decline(&mut respond, start, &why);
            }
            None => {
                let start = brief(StatusCode::NOT_IMPLEMENTED);
                return self.decline(&mut respond, start, "this protocol is not spoken here");
            }
        };
        let Some(ticket) = self.server.admit() else {
            return self.busy(&mut respond);
        };
        let (scope, receive, send) = upgrading.call(HttpScope {
            head: Arc::new(head),
            extensions: Extensions::NONE,
            state: self.server.state(),
            connection: Arc::clone(&self.connection),
        });
        let call = Some(Box::pin(ticket.call(scope, receive, send)) as Boxed<_>);
        let (server, flush) = (self.server.clone(), self.flush.clone());
        self.tasks.spawn(async move {
            let wish = Wish { upgrading, call };
            extended::serve(wish, respond, body, flush, server.config()).await;
        });
    }

    /// More calls are in flight than may be.
    fn busy(&self, respond: &mut SendResponse<Bytes>) {
        let seconds = HeaderValue::from(self.server.config().retry_after.as_secs());
        let start = brief(StatusCode::SERVICE_UNAVAILABLE).header(header::RETRY_AFTER, seconds);
        self.decline(respond, start, "too many requests are in flight");
    }

    /// The server answers in the application's place. (Not here, and so not told, is what h2 answers by itself: 431 for too long a list of headers.)
    fn decline(&self, respond: &mut SendResponse<Bytes>, start: ResponseStart, why: &str) {
        let config = self.server.config();
        config.decline(start.status, why, &self.connection);
        // If the stream is not there any more, nobody wants to know.
        let _ = refuse(respond, start, format!("{why}\n"), config);
    }
}

/// The bound on the present wait.
///
/// Most waits end long before their bound. So the time is asked for once a wait, and the sleep is moved only if it would come too late, or when it has come too early.
struct Timer {
    waiting: Option<Waiting>,
    until: Option<Instant>,
    /// How many bytes had come when the wait began.
    read: u64,
}

impl Timer {
    fn new() -> Self {
        Self { waiting: None, until: None, read: 0 }
    }

    /// Ready when the present wait has lasted too long; and says whether nothing has come in it. The next one begins anew.
    fn poll(
        &mut self,
        waiting: Waiting,
        config: &Config,
        http2: &Http2,
        read: u64,
        mut sleep: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<bool> {
        if self.waiting != Some(waiting) {
            let bound = match waiting {
                Waiting::Write(_) => config.write,
                Waiting::Headers => config.head,
                Waiting::Idle(_) => http2.keep_alive,
                Waiting::Streams => http2.ping,
                Waiting::Pong(_) => http2.ping_timeout,
                Waiting::End => config.linger,
            };
            self.waiting = Some(waiting);
            self.until = Instant::now().checked_add(bound);
            self.read = read;
        }
        let Some(until) = self.until else { return Poll::Pending };
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= until {
                self.waiting = None;
                return Poll::Ready(self.read == read);
            }
            sleep.as_mut().reset(until);
        }
    }
}
