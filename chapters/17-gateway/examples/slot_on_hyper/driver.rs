//! An application on hyper's HTTP/1.1 connection: the design of the next chapter's server, in its smallest form.
//!
//! hyper drops a service's future when the head of the response is out, when the client ends its side, and for HEAD;
//! and it drops the response's body when it has no use for it. An application must outlive both, or nobody could tell it that the client has gone.
//! So the application's future lives beside hyper's connection, in the same task. What hyper polls, the service's future and the body,
//! polls the application in its turn: a response that is ready at once is written in the same turn, as with bare hyper.
//!
//! It leaves out all limits and timeouts, the strict checks, early hints, files, and seeing a client leave while its body is unread.

use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gateway::{
    App, CallId, Connection, Error, Exchange, Extension, Extensions, Failure, Head, HeadPlace,
    HttpScope, Receive, ReceiveEvent, RequestBody, RequestHead, ResponseStart, Rules, Scope,
    SendError, SendEvent, Sender, Slot, State, poll_call,
};
use http::{HeaderMap, Request, Response, StatusCode, header};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;

/// Serves what comes over one connection, and returns when the connection is closed and every application has returned.
///
/// `report` gets each failure that is somebody's mistake.
///
/// # Errors
///
/// Whatever hyper says about the connection.
pub async fn serve_connection<A, I>(
    app: Arc<A>,
    io: I,
    connection: Arc<Connection>,
    state: State,
    report: impl Fn(&Failure) + Send + 'static,
) -> hyper::Result<()>
where
    A: App + 'static,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let wire = Arc::new(Wire {
        slot: Slot::new(),
        request: Mutex::default(),
        unread: AtomicBool::new(false),
    });
    let calls = Arc::new(Calls::new(Arc::clone(&wire), report));
    let service = service_fn(|request: Request<Incoming>| {
        let (parts, body) = request.into_parts();
        let extensions = offered(&parts.headers);
        let head = RequestHead {
            version: parts.version,
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
        };
        let scope = Scope::Http(HttpScope {
            head: wire.put(head, body),
            extensions,
            state: state.clone(),
            connection: Arc::clone(&connection),
        });
        let call = wire.slot.begin(Rules::of(&scope));
        let exchange: Arc<dyn Exchange> = Arc::clone(&wire) as _;
        let receive = Receive::new(Arc::clone(&exchange), call);
        let send = Sender::new(exchange, call);
        calls.start(call, || run(Arc::clone(&app), scope, receive, send));
        Answer { calls: Arc::clone(&calls) }
    });
    let mut hyper = pin!(http1::Builder::new().serve_connection(io, service));
    let mut closed = None;
    poll_fn(|cx| {
        calls.turn();
        if closed.is_none()
            && let Poll::Ready(result) = hyper.as_mut().poll(cx)
        {
            closed = Some(result);
            wire.slot.close();
            calls.turn();
        }
        let running = calls.poll(cx);
        if running.is_ready() && closed.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    closed.unwrap_or(Ok(()))
}

/// The call's future owns the application, so that hyper's body type, which must be `'static`, can name it.
#[expect(clippy::manual_async_fn, reason = "an async fn would move its arguments once more")]
fn run<A: App>(
    app: Arc<A>,
    scope: Scope,
    receive: Receive,
    send: Sender,
) -> impl Future<Output = Result<(), Error>> + Send {
    async move { app.call(scope, receive, send).await }
}

fn offered(headers: &HeaderMap) -> Extensions {
    // A request has few headers: looking at each is quicker than asking the map, which would hash the name.
    let wants_trailers = headers.iter().any(|(name, value)| {
        *name == header::TE
            && value
                .as_bytes()
                .split(|&byte| byte == b',')
                .any(|item| item.trim_ascii().eq_ignore_ascii_case(b"trailers"))
    });
    if wants_trailers { Extensions::NONE.with(Extension::Trailers) } else { Extensions::NONE }
}

/// What is under Receive and Sender: the slot, and the request.
struct Wire {
    slot: Slot,
    request: Mutex<RequestSide>,
    /// hyper has not read the whole request yet, so somebody must, or give up its body.
    unread: AtomicBool,
}

#[derive(Default)]
struct RequestSide {
    head: HeadPlace,
    body: Option<Incoming>,
}

impl Wire {
    fn put(&self, head: RequestHead, body: Incoming) -> Arc<RequestHead> {
        self.unread.store(!body.is_end_stream(), Relaxed);
        let mut request = self.request();
        request.body = Some(body);
        request.head.put(head)
    }

    /// The response is complete, or there will be none: nobody reads the rest of the request. hyper passes over it, or closes the connection.
    fn release(&self) {
        if self.unread.swap(false, Relaxed) {
            self.request().body = None;
        }
    }

    fn request(&self) -> MutexGuard<'_, RequestSide> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exchange for Wire {
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        if self.slot.poll_over(call, cx).is_ready() {
            return Poll::Ready(ReceiveEvent::HttpDisconnect);
        }
        let body = &mut self.request().body;
        while let Some(incoming) = body {
            let frame = ready!(Pin::new(&mut *incoming).poll_frame(cx));
            let more_body = frame.is_some() && !incoming.is_end_stream();
            if !more_body {
                *body = None;
            }
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(part))) => {
                    return Poll::Ready(RequestBody { body: part, more_body }.into());
                }
                // Trailers of a request: ASGI has no event for them.
                Some(Ok(Err(_))) if more_body => {}
                None | Some(Ok(Err(_))) => return Poll::Ready(RequestBody::default().into()),
                Some(Err(_)) => {
                    *body = None;
                    return Poll::Ready(ReceiveEvent::HttpDisconnect);
                }
            }
        }
        Poll::Pending
    }

    fn poll_send(
        &self,
        call: CallId,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        self.slot.poll_send(call, event, cx)
    }
}

/// The application's calls on this connection.
struct Calls<F> {
    wire: Arc<Wire>,
    running: Mutex<Running<F>>,
    /// Something has happened since the current call was polled.
    news: AtomicBool,
    /// There may be a call. This and the news are for the connection's task alone.
    busy: AtomicBool,
}

struct Running<F> {
    /// The call whose response is due. The box is made once, and used for one call after the other.
    current: (CallId, Pin<Box<Option<F>>>),
    /// Calls that went on after their response was complete, when the next request came.
    earlier: Vec<(CallId, Pin<Box<Option<F>>>)>,
    report: Box<dyn Fn(&Failure) + Send>,
}

impl<F: Future<Output = Result<(), Error>>> Calls<F> {
    fn new(wire: Arc<Wire>, report: impl Fn(&Failure) + Send + 'static) -> Self {
        let running = Running {
            current: (CallId::default(), Box::pin(None)),
            earlier: Vec::new(),
            report: Box::new(report),
        };
        let (news, busy) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { wire, running: Mutex::new(running), news, busy }
    }

    fn lock(&self) -> MutexGuard<'_, Running<F>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins.
    #[inline]
    fn start(&self, call: CallId, begin: impl FnOnce() -> F) {
        let running = &mut *self.lock();
        if running.current.1.is_some() {
            let earlier = mem::replace(&mut running.current.1, Box::pin(None));
            running.earlier.push((running.current.0, earlier));
        }
        running.current.0 = call;
        running.current.1.set(Some(begin()));
        self.busy.store(true, Relaxed);
        self.turn();
    }

    /// The task was woken, and nobody knows why; or something was taken or read, and the call may go on.
    fn turn(&self) {
        self.news.store(true, Relaxed);
    }

    /// Polls the current call, unless nothing has happened since; ready if there is none.
    fn poll_current(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_current_of(&mut self.lock(), cx)
    }

    fn poll_current_of(&self, running: &mut Running<F>, cx: &mut Context<'_>) -> Poll<()> {
        let (call, future) = &mut running.current;
        if self.news.load(Relaxed) {
            self.news.store(false, Relaxed);
            poll_one(&self.wire, *call, future, cx, &running.report);
        }
        if future.is_some() {
            return Poll::Pending;
        }
        self.wire.release();
        self.busy.store(!running.earlier.is_empty(), Relaxed);
        Poll::Ready(())
    }

    /// Polls all calls; ready if there are none.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.busy.load(Relaxed) {
            return Poll::Ready(());
        }
        let running = &mut *self.lock();
        let current = self.poll_current_of(running, cx);
        running.earlier.retain_mut(|(call, future)| {
            poll_one(&self.wire, *call, future, cx, &running.report);
            future.is_some()
        });
        let busy = current.is_pending() || !running.earlier.is_empty();
        self.busy.store(busy, Relaxed);
        if busy { Poll::Pending } else { Poll::Ready(()) }
    }
}

fn poll_one<F: Future<Output = Result<(), Error>>>(
    wire: &Wire,
    call: CallId,
    future: &mut Pin<Box<Option<F>>>,
    cx: &mut Context<'_>,
    report: &dyn Fn(&Failure),
) {
    let Some(polled) = future.as_mut().as_pin_mut() else { return };
    let Poll::Ready(returned) = poll_call(polled, cx) else { return };
    future.set(None);
    if let Err(failure) = wire.slot.finish(call, returned)
        && !failure.is_expected()
    {
        report(&failure);
    }
}

/// The service's future: it polls the application until there is a response.
struct Answer<F> {
    calls: Arc<Calls<F>>,
}

impl<F: Future<Output = Result<(), Error>>> Future for Answer<F> {
    type Output = Result<Response<SlotBody<F>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // hyper may have read a part of the request since the last time, for which the application waits.
        self.calls.turn();
        let ended = self.calls.poll_current(cx).is_ready();
        match self.calls.wire.slot.poll_head(cx) {
            Poll::Ready(Head::Response(start, first)) => {
                self.calls.turn();
                let body = SlotBody::beginning_with(first, start.trailers, &self.calls);
                if matches!(body, SlotBody::Whole(_)) && !ended {
                    self.calls.wire.release();
                }
                Poll::Ready(Ok(response(start, body)))
            }
            Poll::Pending if ended => {
                let start = ResponseStart::new(StatusCode::INTERNAL_SERVER_ERROR);
                let body = SlotBody::Whole(Bytes::from_static(b"Internal Server Error\n"));
                Poll::Ready(Ok(response(start, body)))
            }
            // Nobody offered to send an early hint, so the rules have let none through.
            Poll::Ready(Head::EarlyHint(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

fn response<F>(start: ResponseStart, body: SlotBody<F>) -> Response<SlotBody<F>> {
    let mut response = Response::new(body);
    *response.status_mut() = start.status;
    *response.headers_mut() = start.headers;
    response
}

/// The response's body.
enum SlotBody<F> {
    /// All of it, in one part: hyper knows its length. Empty if it was taken.
    Whole(Bytes),
    /// Part by part.
    Parts { first: Option<Bytes>, calls: Arc<Calls<F>> },
}

impl<F> SlotBody<F> {
    fn beginning_with(first: SendEvent, trailers: bool, calls: &Arc<Calls<F>>) -> Self {
        match first {
            SendEvent::HttpResponseBody(part) if part.more_body || trailers => {
                Self::Parts { first: Some(part.body), calls: Arc::clone(calls) }
            }
            SendEvent::HttpResponseBody(part) => Self::Whole(part.body),
            // Files are not offered, so the rules have let none through.
            _ => Self::Whole(Bytes::new()),
        }
    }
}

impl<F: Future<Output = Result<(), Error>>> Body for SlotBody<F> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let (first, calls) = match &mut *self {
            Self::Whole(body) if body.is_empty() => return Poll::Ready(None),
            Self::Whole(body) => return Poll::Ready(Some(Ok(Frame::data(mem::take(body))))),
            Self::Parts { first, calls } => (first, calls),
        };
        if let Some(first) = first.take()
            && !first.is_empty()
        {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        loop {
            calls.turn();
            let ended = calls.poll_current(cx).is_ready();
            match calls.wire.slot.poll_event(cx) {
                Poll::Ready(SendEvent::HttpResponseBody(part)) => {
                    // The application can go on.
                    calls.turn();
                    if !part.body.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(part.body))));
                    }
                }
                Poll::Ready(SendEvent::HttpResponseTrailers(trailers)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers.headers))));
                }
                Poll::Ready(_) => {}
                Poll::Pending if calls.wire.slot.is_complete() => {
                    calls.wire.release();
                    return Poll::Ready(None);
                }
                // hyper closes the connection, and the client sees that something is missing.
                Poll::Pending if ended => {
                    return Poll::Ready(Some(Err(Failure::Unfinished.into())));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(body) if body.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.len() as u64),
            Self::Parts { .. } => SizeHint::default(),
        }
    }
}
