//! The application's calls on one connection, beside hyper's connection and in the same task.
//!
//! hyper drops a service's future when the head of the response is out, when the client ends its side, and for HEAD;
//! and it drops the response's body when it has no use for it. An application must outlive both, or nobody could tell it that the client has gone.
//! So its future lives here. What hyper polls, the service's future and the body, polls the application in its turn:
//! a response that is ready at once is written in the same turn, as with bare hyper.

use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gateway::{
    CallId, Error, Exchange, Failure, Head, HeadPlace, ReceiveEvent, RequestBody, RequestHead,
    ResponseStart, SendError, SendEvent, Slot, poll_call,
};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use wsgi::server::ErrorLog;

use crate::io::Meter;

/// What is under Receive and Sender: the slot, and the request.
pub(crate) struct Wire {
    pub(crate) slot: Slot,
    pub(crate) meter: Arc<Meter>,
    request: Mutex<RequestSide>,
    /// hyper has not read the whole request yet, so somebody must, or give up its body.
    unread: AtomicBool,
    /// The client sends the body only when it is asked to, and nobody has asked.
    unasked: AtomicBool,
    /// Somebody waits for the request's body.
    wanted: AtomicBool,
    /// The rest of the request's body is read for nobody.
    draining: AtomicBool,
    /// hyper waits for a response, or for its next part.
    responding: AtomicBool,
    /// The request is one of HTTP/1.0.
    old: AtomicBool,
    /// How many requests hyper has passed on.
    pub(crate) served: AtomicU64,
    /// The server is going down.
    pub(crate) stopping: AtomicBool,
    /// This response is the connection's last.
    pub(crate) last: AtomicBool,
    /// The response's end is the connection's end: one that is cut short looks like a whole one, unless the connection is reset.
    pub(crate) delimited_by_close: AtomicBool,
    /// How much of an unread body is read for nobody.
    drain: u64,
}

#[derive(Default)]
struct RequestSide {
    head: HeadPlace,
    body: Option<Incoming>,
    left: u64,
}

impl Wire {
    pub(crate) fn new(meter: Arc<Meter>, drain: u64) -> Self {
        Self {
            served: AtomicU64::new(meter.heads()),
            slot: Slot::new(),
            meter,
            request: Mutex::default(),
            unread: AtomicBool::new(false),
            unasked: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            responding: AtomicBool::new(false),
            old: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            last: AtomicBool::new(false),
            delimited_by_close: AtomicBool::new(false),
            drain,
        }
    }

    /// Puts the head where the last one was.
    pub(crate) fn put_head(&self, head: RequestHead) -> Arc<RequestHead> {
        self.request().head.put(head)
    }

    /// The next request is there.
    pub(crate) fn put_body(&self, version: Version, headers: &HeaderMap, body: Incoming) {
        let unread = !body.is_end_stream();
        self.unread.store(unread, Relaxed);
        self.unasked.store(unread && headers.contains_key(header::EXPECT), Relaxed);
        self.wanted.store(false, Relaxed);
        self.draining.store(false, Relaxed);
        self.responding.store(true, Relaxed);
        self.delimited_by_close.store(false, Relaxed);
        self.old.store(version == Version::HTTP_10, Relaxed);
        let mut request = self.request();
        request.body = Some(body);
        request.left = self.drain;
    }

    /// Whether hyper waits for a response, or for its next part.
    pub(crate) fn is_responding(&self) -> bool {
        self.responding.load(Relaxed)
    }

    /// Whether bytes of the request's body are waited for.
    pub(crate) fn is_reading(&self) -> bool {
        self.draining.load(Relaxed) || self.wanted.load(Relaxed) || !self.is_responding()
    }

    /// The response is complete, or there will be none: nobody reads the rest of the request. A client that waits to be asked for it is not.
    pub(crate) fn release(&self) {
        if !self.unread.swap(false, Relaxed) {
            return;
        }
        if self.unasked.load(Relaxed) {
            self.request().body = None;
        } else {
            self.draining.store(true, Relaxed);
        }
    }

    /// Reads on for nobody, to keep the connection; within bounds.
    pub(crate) fn poll_drain(&self, cx: &mut Context<'_>) {
        if !self.draining.load(Relaxed) {
            return;
        }
        let request = &mut *self.request();
        while let Some(body) = &mut request.body {
            let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) else { return };
            let bytes = match frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
                Some(Err(_)) | None => break,
            };
            match request.left.checked_sub(bytes) {
                Some(left) => request.left = left,
                None => break,
            }
        }
        request.body = None;
        self.draining.store(false, Relaxed);
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
        self.unasked.store(false, Relaxed);
        let body = &mut self.request().body;
        while let Some(incoming) = body {
            let polled = Pin::new(&mut *incoming).poll_frame(cx);
            self.wanted.store(polled.is_pending(), Relaxed);
            let frame = ready!(polled);
            let more_body = frame.is_some() && !incoming.is_end_stream();
            if !more_body {
                *body = None;
                self.unread.store(false, Relaxed);
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

/// What the server itself says in a response.
#[derive(Clone)]
pub(crate) struct Manners {
    pub(crate) server: Option<HeaderValue>,
    pub(crate) write_buffer: usize,
}

/// The application's calls on this connection.
pub(crate) struct Calls<F> {
    pub(crate) wire: Arc<Wire>,
    running: Mutex<Running<F>>,
    manners: Manners,
    errors: ErrorLog,
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
}

impl<F: Future<Output = Result<(), Error>>> Calls<F> {
    pub(crate) fn new(wire: Arc<Wire>, manners: Manners, errors: ErrorLog) -> Self {
        let running = Running { current: (CallId::default(), Box::pin(None)), earlier: Vec::new() };
        let (news, busy) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { wire, running: Mutex::new(running), manners, errors, news, busy }
    }

    fn lock(&self) -> MutexGuard<'_, Running<F>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins.
    #[inline]
    pub(crate) fn start(&self, call: CallId, begin: impl FnOnce() -> F) {
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
    pub(crate) fn turn(&self) {
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
            self.poll_one(*call, future, cx);
        }
        if future.is_some() {
            return Poll::Pending;
        }
        self.wire.release();
        self.busy.store(!running.earlier.is_empty(), Relaxed);
        Poll::Ready(())
    }

    /// Polls all calls; ready if there are none.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.busy.load(Relaxed) {
            return Poll::Ready(());
        }
        let running = &mut *self.lock();
        let current = self.poll_current_of(running, cx);
        running.earlier.retain_mut(|(call, future)| {
            self.poll_one(*call, future, cx);
            future.is_some()
        });
        let busy = current.is_pending() || !running.earlier.is_empty();
        self.busy.store(busy, Relaxed);
        if busy { Poll::Pending } else { Poll::Ready(()) }
    }

    fn poll_one(&self, call: CallId, future: &mut Pin<Box<Option<F>>>, cx: &mut Context<'_>) {
        let Some(polled) = future.as_mut().as_pin_mut() else { return };
        let Poll::Ready(returned) = poll_call(polled, cx) else { return };
        future.set(None);
        if let Err(failure) = self.wire.slot.finish(call, returned)
            && !failure.is_expected()
        {
            self.errors.report(&failure.to_string());
        }
    }

    /// Gives up on the call whose response will never be complete. What works on after a whole response may do so.
    pub(crate) fn give_up(&self) {
        let mut running = self.lock();
        if running.current.1.is_some() && !self.wire.slot.is_complete() {
            running.current.1.set(None);
            self.errors.report("an application went on after its client had left, and was dropped");
        }
    }
}

/// The service's future.
pub(crate) enum Answer<F> {
    /// Polls the application until there is a response.
    Call(Arc<Calls<F>>),
    /// The server has the response.
    Ours(Arc<Calls<F>>, Option<Response<SlotBody<F>>>),
}

impl<F> Answer<F> {
    /// A short response of the server's own.
    pub(crate) fn ours(calls: Arc<Calls<F>>, status: StatusCode, text: &str) -> Self {
        let response = brief(&calls, status, Bytes::from(format!("{text}\n")));
        Self::Ours(calls, Some(response))
    }

    /// The same with a field more.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Self::Ours(_, Some(response)) = &mut self {
            response.headers_mut().insert(name, value);
        }
        self
    }
}

fn brief<F>(calls: &Calls<F>, status: StatusCode, text: Bytes) -> Response<SlotBody<F>> {
    let start = ResponseStart::new(status)
        .header(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response(calls, start, SlotBody::Whole(text))
}

impl<F: Future<Output = Result<(), Error>>> Future for Answer<F> {
    type Output = Result<Response<SlotBody<F>>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let calls = match &mut *self {
            Self::Call(calls) => calls,
            Self::Ours(calls, response) => {
                calls.wire.release();
                calls.wire.responding.store(false, Relaxed);
                return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
            }
        };
        // hyper may have read a part of the request since the last time, for which the application waits.
        calls.turn();
        let ended = calls.poll_current(cx).is_ready();
        match calls.wire.slot.poll_head(cx) {
            Poll::Ready(Head::Response(start, first)) => {
                calls.turn();
                let body = SlotBody::beginning_with(first, start.trailers, calls);
                if matches!(body, SlotBody::Whole(_)) {
                    calls.wire.responding.store(false, Relaxed);
                    if !ended {
                        calls.wire.release();
                    }
                } else if !start.headers.contains_key(header::CONTENT_LENGTH) {
                    let old = calls.wire.old.load(Relaxed);
                    calls.wire.delimited_by_close.store(old, Relaxed);
                }
                Poll::Ready(Ok(response(calls, start, body)))
            }
            Poll::Pending if ended => {
                calls.wire.responding.store(false, Relaxed);
                let text = Bytes::from_static(b"Internal Server Error\n");
                Poll::Ready(Ok(brief(calls, StatusCode::INTERNAL_SERVER_ERROR, text)))
            }
            // Nobody offered to send an early hint, so the rules have let none through.
            Poll::Ready(Head::EarlyHint(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

/// What concerns the connection is the server's (RFC 9110, section 7.6.1). `trailer` is left: hyper sends no others than it names.
const OURS: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// What a response's head counts for, in bytes.
const HEAD: usize = 200;

fn response<F>(calls: &Calls<F>, start: ResponseStart, body: SlotBody<F>) -> Response<SlotBody<F>> {
    // What is known of it by now waits to be written; parts are counted as they come.
    let bytes = if let SlotBody::Whole(body) = &body { body.len() } else { 0 };
    calls.wire.meter.spend(bytes.saturating_add(HEAD));
    let mut response = Response::new(body);
    *response.status_mut() = start.status;
    let headers = response.headers_mut();
    *headers = start.headers;
    // A response has few headers: looking at each is quicker than asking the map, which would hash the name.
    let (mut meddles, mut named) = (false, false);
    for name in headers.keys() {
        meddles |= OURS.contains(name);
        named |= *name == header::SERVER;
    }
    if meddles {
        for name in OURS {
            headers.remove(name);
        }
    }
    if let Some(server) = &calls.manners.server
        && !named
    {
        headers.insert(header::SERVER, server.clone());
    }
    if calls.wire.last.load(Relaxed) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The response's body.
pub(crate) enum SlotBody<F> {
    /// All of it, in one part: hyper knows its length. Empty if it was taken.
    Whole(Bytes),
    /// Part by part.
    Parts(Parts<F>),
}

pub(crate) struct Parts<F> {
    first: Option<Bytes>,
    calls: Arc<Calls<F>>,
}

/// hyper has no more use for the body: it has all, or wants none.
impl<F> Drop for Parts<F> {
    fn drop(&mut self) {
        self.calls.wire.responding.store(false, Relaxed);
    }
}

impl<F> SlotBody<F> {
    fn beginning_with(first: SendEvent, trailers: bool, calls: &Arc<Calls<F>>) -> Self {
        match first {
            SendEvent::HttpResponseBody(part) if part.more_body || trailers => {
                Self::Parts(Parts { first: Some(part.body), calls: Arc::clone(calls) })
            }
            SendEvent::HttpResponseBody(part) => Self::Whole(part.body),
            // Files are not offered, so the rules have let none through.
            _ => Self::Whole(Bytes::new()),
        }
    }
}

impl<F: Future<Output = Result<(), Error>>> Parts<F> {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let calls = &self.calls;
        if !calls.wire.meter.waits_for(calls.manners.write_buffer) {
            // The connection's task polls again when the client has read some.
            return Poll::Pending;
        }
        if let Some(first) = self.first.take()
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
                // hyper closes the connection, and the client sees that something is missing; what there was it gets.
                Poll::Pending if ended => {
                    if !calls.wire.meter.waits_for(0) {
                        return Poll::Pending;
                    }
                    return Poll::Ready(Some(Err(Failure::Unfinished.into())));
                }
                Poll::Pending => return Poll::Pending,
            }
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
        match &mut *self {
            Self::Whole(body) if body.is_empty() => Poll::Ready(None),
            Self::Whole(body) => Poll::Ready(Some(Ok(Frame::data(mem::take(body))))),
            Self::Parts(parts) => {
                let polled = parts.poll_part(cx);
                if let Poll::Ready(Some(Ok(frame))) = &polled {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    parts.calls.wire.meter.spend(bytes);
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(body) if body.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.len() as u64),
            Self::Parts(_) => SizeHint::default(),
        }
    }
}
