//! The application's calls on one connection, beside hyper's connection and in the same task.
//!
//! hyper drops a service's future when the head of the response is out, when the client ends its side, and for HEAD;
//! and it drops the response's body when it has no use for it. An application must outlive both, or nobody could tell it that the client has gone.
//! So its future lives here. What hyper polls, the service's future and the body, polls the application in its turn:
//! a response that is ready at once is written in the same turn, as with bare hyper.

use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use gateway::{
    CallId, Error, Exchange, Failure, HeadPlace, ReceiveEvent, RequestBody, RequestHead,
    ResponseBody, ResponseStart, SendError, SendEvent, Slot, poll_call,
};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::task::coop::poll_proceed;
use wsgi::server::ErrorLog;

use crate::check::CONNECTION_FIELDS;
use crate::files::{Opening, Region};
use crate::io::Meter;
use crate::trailers::Announced;
use crate::upgrade::Handshake;

/// What is under Receive and Sender: the slot, and the request.
///
/// What each turn looks at stands together: with thousands of connections, none is in the processor's cache when its turn comes.
#[repr(C)]
pub(crate) struct Wire {
    pub(crate) meter: Meter,
    /// hyper has not read the whole request yet, so somebody must, or give up its body.
    unread: AtomicBool,
    /// The client sends the body only when it is asked to, and nobody has asked.
    unasked: AtomicBool,
    /// Somebody waits for the request's body.
    wanted: AtomicBool,
    /// The body has broken off: hyper could make nothing of it, or the client has left.
    broken: AtomicBool,
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
    /// Another protocol is asked for, and this is what becomes of it.
    pub(crate) handshake: Handshake,
    request: Mutex<RequestSide>,
    pub(crate) slot: Slot,
}

#[derive(Default)]
pub(crate) struct RequestSide {
    head: HeadPlace,
    body: Option<Incoming>,
    left: u64,
    trailers: Option<Announced>,
    /// The connection's task.
    task: Option<Waker>,
}

impl Wire {
    /// Of a connection on which so many requests have been served.
    pub(crate) fn after(served: u64, drain: u64) -> Self {
        Self {
            meter: Meter::after(served),
            served: AtomicU64::new(served),
            unread: AtomicBool::new(false),
            unasked: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            responding: AtomicBool::new(false),
            old: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            last: AtomicBool::new(false),
            delimited_by_close: AtomicBool::new(false),
            drain,
            handshake: Handshake::default(),
            request: Mutex::default(),
            slot: Slot::new(),
        }
    }

    /// The connection is in this task now.
    pub(crate) fn belongs_to(&self, task: &Waker) {
        self.request().task = Some(task.clone());
    }

    /// The next request is there: an application gets it. Its head is put where the last one was.
    #[inline]
    pub(crate) fn put(&self, head: RequestHead, body: Incoming) -> Arc<RequestHead> {
        self.put_body(head.version, &head.headers, body).head.put(head)
    }

    /// The next request is there.
    #[inline]
    pub(crate) fn put_body(
        &self,
        version: Version,
        headers: &HeaderMap,
        body: Incoming,
    ) -> MutexGuard<'_, RequestSide> {
        let unread = !body.is_end_stream();
        self.unread.store(unread, Relaxed);
        self.unasked.store(unread && headers.contains_key(header::EXPECT), Relaxed);
        self.wanted.store(false, Relaxed);
        self.broken.store(false, Relaxed);
        self.draining.store(false, Relaxed);
        self.responding.store(true, Relaxed);
        self.delimited_by_close.store(false, Relaxed);
        self.old.store(version == Version::HTTP_10, Relaxed);
        let mut request = self.request();
        request.body = Some(body);
        request.left = self.drain;
        request.trailers = None;
        request
    }

    /// Whether the request has a body, and hyper has not read all of it.
    pub(crate) fn has_body(&self) -> bool {
        self.unread.load(Relaxed)
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
        if !self.unread.load(Relaxed) {
            return;
        }
        self.unread.store(false, Relaxed);
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
        let mut request = self.request();
        while let Some(incoming) = &mut request.body {
            let Poll::Ready(frame) = Pin::new(&mut *incoming).poll_frame(cx) else {
                let waited = self.wanted.swap(true, Relaxed);
                let elsewhere = |task: &&Waker| !waited && !task.will_wake(cx.waker());
                let task = request.task.as_ref().filter(elsewhere).cloned();
                drop(request);
                // Its connection's task would not look otherwise, and this wait has a bound.
                task.into_iter().for_each(Waker::wake);
                return Poll::Pending;
            };
            self.wanted.store(false, Relaxed);
            let more_body = frame.is_some() && !incoming.is_end_stream();
            if !more_body {
                request.body = None;
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
                    request.body = None;
                    self.broken.store(true, Relaxed);
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
        let mut announced = None;
        match event {
            Some(SendEvent::HttpResponseStart(start)) if start.trailers => {
                announced = Some(Announced::by(&start.headers));
            }
            Some(SendEvent::HttpResponseTrailers(trailers)) if !self.slot.is_over(call) => {
                let checked = match &self.request().trailers {
                    Some(announced) => announced.check(&trailers.headers),
                    None => Ok(()),
                };
                if checked.is_err() {
                    ready!(poll_proceed(cx)).made_progress();
                    return Poll::Ready(checked);
                }
            }
            _ => {}
        }
        let polled = self.slot.poll_send(call, event, cx);
        if announced.is_some() && matches!(polled, Poll::Ready(Ok(()))) {
            self.request().trailers = announced;
        }
        polled
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
    pub(crate) manners: Manners,
    pub(crate) errors: ErrorLog,
    /// Something has happened since the current call was polled.
    news: AtomicBool,
    /// There may be a call. This and the news are for the connection's task alone.
    busy: AtomicBool,
}

struct Running<F> {
    /// The call whose response is due. The box is made once, and used for one call after the other.
    current: (CallId, Pin<Box<Option<F>>>),
    /// Calls that went on when the next request came.
    earlier: Vec<Earlier<F>>,
    /// It was reported that there are too many of them: once, as it is the client who repeats it.
    reported: bool,
}

/// A call that was not the last one.
struct Earlier<F> {
    call: CallId,
    future: Pin<Box<Option<F>>>,
    /// It has said all of its response. If not, hyper has let go of it: the client has asked for none of the body.
    complete: bool,
}

/// How many calls may go on at a time with a response that hyper has let go of.
/// It costs the client a HEAD to begin one, and an application that only sends would not learn that nobody hears it.
const UNHEARD: usize = 8;

impl<F: Future<Output = Result<(), Error>>> Calls<F> {
    pub(crate) fn new(wire: Arc<Wire>, manners: Manners, errors: ErrorLog) -> Self {
        let current = (CallId::default(), Box::pin(None));
        let running = Running { current, earlier: Vec::new(), reported: false };
        let (news, busy) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { wire, running: Mutex::new(running), manners, errors, news, busy }
    }

    fn lock(&self) -> MutexGuard<'_, Running<F>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call is about to begin: one that still runs makes room for it.
    #[inline]
    pub(crate) fn make_room(&self) {
        if self.busy.load(Relaxed) {
            self.put_aside(&mut self.lock());
        }
    }

    fn put_aside(&self, running: &mut Running<F>) {
        let (call, future) = &mut running.current;
        if future.is_none() {
            return;
        }
        let future = mem::replace(future, Box::pin(None));
        let complete = self.wire.slot.is_complete();
        running.earlier.push(Earlier { call: *call, future, complete });
        let mut unheard = running.earlier.iter().enumerate().filter(|(_, call)| !call.complete);
        if let Some((oldest, _)) = unheard.next()
            && unheard.count() >= UNHEARD
        {
            running.earlier.remove(oldest);
            if !mem::replace(&mut running.reported, true) {
                self.errors.report(
                    "an application goes on with too many responses that have no body: the oldest are dropped",
                );
            }
        }
    }

    /// A call begins.
    #[inline]
    pub(crate) fn start(&self, call: CallId, begin: impl FnOnce() -> F) {
        let running = &mut *self.lock();
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

    /// Whether there may be calls.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Relaxed)
    }

    /// Polls all calls; ready if there are none.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.busy.load(Relaxed) {
            return Poll::Ready(());
        }
        let running = &mut *self.lock();
        let current = self.poll_current_of(running, cx);
        running.earlier.retain_mut(|Earlier { call, future, .. }| {
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

    /// Gives up on calls whose response will never be complete. What works on after a whole response may do so.
    pub(crate) fn give_up(&self) {
        const WHY: &str = "an application went on after its client had left, and was dropped";
        let mut running = self.lock();
        if running.current.1.is_some() && !self.wire.slot.is_complete() {
            running.current.1.set(None);
            self.errors.report(WHY);
        }
        running.earlier.retain(|call| {
            if !call.complete {
                self.errors.report(WHY);
            }
            call.complete
        });
        if self.wire.handshake.give_up() {
            self.errors.report(WHY);
        }
    }
}

/// The service's future.
pub(crate) enum Answer<F> {
    /// Polls the application until there is a response.
    Call(Arc<Calls<F>>),
    /// The body begins with a file, which may turn out to be none: then there is no such response.
    File(Box<Beginning<F>>),
    /// Polls the application until it has denied another protocol. If it agrees, that is not for hyper to say.
    Upgrade(Arc<Calls<F>>),
    /// The server has the response.
    Ours(Arc<Calls<F>>, Option<Response<SlotBody<F>>>),
}

/// A response that is known up to its file.
pub(crate) struct Beginning<F> {
    calls: Arc<Calls<F>>,
    start: Option<ResponseStart>,
    opening: Opening,
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
            Self::File(beginning) => return beginning.poll(cx),
            Self::Upgrade(calls) => {
                let answer = ready!(calls.wire.handshake.poll_answer(&calls.errors, cx));
                return Poll::Ready(Ok(denial(calls, answer)));
            }
            Self::Ours(calls, response) => {
                calls.wire.release();
                calls.wire.responding.store(false, Relaxed);
                return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
            }
        };
        // hyper may have read a part of the request since the last time, for which the application waits.
        calls.turn();
        let ended = calls.poll_current(cx).is_ready();
        if calls.wire.meter.hints.are_waiting() {
            return Poll::Pending;
        }
        let (mut start, mut first) = (None, None);
        if calls.wire.slot.take_head(&mut start, &mut first, cx).is_pending() {
            if ended {
                calls.wire.responding.store(false, Relaxed);
                return Poll::Ready(Ok(failed(calls)));
            }
            return Poll::Pending;
        }
        match (start, first) {
            (Some(start), Some(SendEvent::HttpResponseBody(part))) => {
                calls.turn();
                let more = part.more_body || start.trailers;
                if !more && !ended {
                    calls.wire.release();
                }
                Poll::Ready(Ok(answer(calls, start, Next::Part(part.body), more)))
            }
            (Some(start), Some(_)) if without_content(start.status) => {
                calls.turn();
                Poll::Ready(Ok(answer(calls, start, Next::Part(Bytes::new()), false)))
            }
            (Some(start), Some(file)) => {
                calls.turn();
                let calls = Arc::clone(calls);
                // The rules let nothing else through.
                let Some(opening) = Opening::of(file) else { return Poll::Pending };
                let start = Some(start);
                let mut beginning = Box::new(Beginning { calls, start, opening });
                let polled = beginning.poll(cx);
                *self = Self::File(beginning);
                polled
            }
            (_, Some(SendEvent::HttpResponseEarlyHint(links))) => {
                // The application is polled when this is: not before, or it could fail, and take back what it says behind this.
                calls.wire.meter.hints.push(&links);
                // If there is anything to write, the connection's task polls again when it is written.
                if !calls.wire.meter.hints.are_waiting() {
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
            // What is ready has an event in it.
            _ => Poll::Pending,
        }
    }
}

impl<F: Future<Output = Result<(), Error>>> Beginning<F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<SlotBody<F>>, Error>> {
        let calls = &self.calls;
        let opened = ready!(Pin::new(&mut self.opening).poll(cx));
        let Some(mut start) = self.start.take() else { return Poll::Pending };
        let more = self.opening.more_body || start.trailers;
        let announced = content_length(&start.headers);
        let region = opened.and_then(|region| match announced {
            Some(announced) if !more && announced != region.left() => {
                Err(contradiction(announced, region.left()))
            }
            _ => Ok(region),
        });
        match region {
            Ok(region) => {
                if !more && announced.is_none() {
                    start.headers.insert(header::CONTENT_LENGTH, region.left().into());
                }
                Poll::Ready(Ok(answer(calls, start, Next::File(region), true)))
            }
            Err(why) => {
                calls.errors.report(&why);
                if !calls.wire.slot.is_complete() {
                    // Nobody takes what the application still sends: it learns of it when the connection is closed.
                    calls.wire.last.store(true, Relaxed);
                }
                calls.wire.release();
                calls.wire.responding.store(false, Relaxed);
                Poll::Ready(Ok(failed(calls)))
            }
        }
    }
}

/// The application does not agree to another protocol, or has failed.
fn denial<F>(
    calls: &Arc<Calls<F>>,
    answer: Option<(ResponseStart, ResponseBody)>,
) -> Response<SlotBody<F>> {
    calls.wire.last.store(true, Relaxed);
    let Some((mut start, part)) = answer else {
        calls.wire.responding.store(false, Relaxed);
        return failed(calls);
    };
    // The rules do not count here; what is sent does.
    start.headers.remove(header::CONTENT_LENGTH);
    if part.more_body {
        let body = SlotBody::Denial(Some(part.body), Arc::clone(calls));
        return response(calls, start, body);
    }
    calls.wire.responding.store(false, Relaxed);
    response(calls, start, SlotBody::Whole(part.body))
}

/// There is no response.
fn failed<F>(calls: &Calls<F>) -> Response<SlotBody<F>> {
    if calls.wire.broken.load(Relaxed) {
        // The application gave up what the client had spoilt.
        let text = Bytes::from_static(b"the body is malformed\n");
        return brief(calls, StatusCode::BAD_REQUEST, text);
    }
    let text = Bytes::from_static(b"Internal Server Error\n");
    brief(calls, StatusCode::INTERNAL_SERVER_ERROR, text)
}

fn contradiction(announced: u64, there: u64) -> String {
    format!(
        "a file cannot be sent: the content-length says {announced} bytes, and there are {there}"
    )
}

/// A response whose body begins like that: the whole of it, or there is more.
fn answer<F>(
    calls: &Arc<Calls<F>>,
    mut start: ResponseStart,
    next: Next,
    more: bool,
) -> Response<SlotBody<F>> {
    let body = match next {
        // In a response that has no body on the wire, as to HEAD, the length may be that of another one: hyper is not to compare them.
        Next::Part(whole)
            if !more
                && content_length(&start.headers)
                    .is_none_or(|length| length == whole.len() as u64) =>
        {
            calls.wire.responding.store(false, Relaxed);
            SlotBody::Whole(whole)
        }
        next => {
            if start.trailers {
                // They are behind the last chunk, so there must be chunks.
                start.headers.remove(header::CONTENT_LENGTH);
            }
            let left = content_length(&start.headers);
            let old = calls.wire.old.load(Relaxed);
            calls.wire.delimited_by_close.store(old && left.is_none(), Relaxed);
            SlotBody::Parts(Parts { next, left, trailers: None, calls: Arc::clone(calls) })
        }
    };
    response(calls, start, body)
}

/// Whether such a response never has a body, to whatever request (RFC 9110, sections 15.3.5 and 15.4.5).
fn without_content(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The rules have seen to it that there is one at most, and that it is a number.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    // A response has few headers: looking at each is quicker than asking the map, which would hash the name.
    let (_, value) = headers.iter().find(|(name, _)| *name == header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

/// Whether the server says that itself in the head of 101.
pub(crate) fn is_ours(name: &HeaderName) -> bool {
    *name != header::UPGRADE
        && (CONNECTION_FIELDS.contains(name) || [header::SERVER, header::DATE].contains(name))
}

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
        match name.as_str().len() {
            6 => named |= *name == header::SERVER,
            7 | 10 | 16 | 17 => meddles |= CONNECTION_FIELDS.contains(name),
            _ => {}
        }
    }
    if meddles {
        for name in CONNECTION_FIELDS {
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
    /// Part by part, of a denial: the first, if it was not taken.
    Denial(Option<Bytes>, Arc<Calls<F>>),
}

pub(crate) struct Parts<F> {
    next: Next,
    /// What is left of the content-length. The rules cannot count what is in a file.
    left: Option<u64>,
    /// Those that came when more were to come.
    trailers: Option<Box<HeaderMap>>,
    calls: Arc<Calls<F>>,
}

/// Where the next bytes of a body come from.
enum Next {
    /// They are here.
    Part(Bytes),
    /// They are what the application sends.
    Event,
    /// They are in a file.
    Opening(Opening),
    /// They are in an open file.
    File(Region),
    /// From nowhere: the body is cut.
    Cut,
}

/// hyper has no more use for the body: it has all, or wants none.
impl<F> Drop for Parts<F> {
    fn drop(&mut self) {
        self.calls.wire.responding.store(false, Relaxed);
    }
}

impl<F: Future<Output = Result<(), Error>>> Parts<F> {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if !self.calls.wire.meter.waits_for(self.calls.manners.write_buffer) {
            // The connection's task polls again when the client has read some.
            return Poll::Pending;
        }
        loop {
            match &mut self.next {
                Next::Part(part) => {
                    let part = mem::take(part);
                    self.next = Next::Event;
                    if !part.is_empty() {
                        return Poll::Ready(Some(Ok(self.data(part))));
                    }
                }
                Next::Event => {
                    if let ControlFlow::Break(end) = ready!(self.poll_event(cx)) {
                        return Poll::Ready(end.map(Ok));
                    }
                }
                Next::Opening(opening) => match ready!(Pin::new(opening).poll(cx)) {
                    Ok(region) => match self.left {
                        Some(left) if left < region.left() => {
                            self.cut(&contradiction(left, region.left()));
                        }
                        _ => self.next = Next::File(region),
                    },
                    Err(why) => self.cut(&why),
                },
                Next::File(region) => match ready!(region.poll_piece(cx)) {
                    Some(Ok(piece)) => return Poll::Ready(Some(Ok(self.data(piece)))),
                    Some(Err(error)) => self.cut(&format!("a file cannot be sent: {error}")),
                    None => self.next = Next::Event,
                },
                // hyper closes the connection, and the client sees that something is missing; what there was it gets.
                Next::Cut if !self.calls.wire.meter.waits_for(0) => return Poll::Pending,
                Next::Cut => return Poll::Ready(Some(Err(Failure::Unfinished.into()))),
            }
        }
    }

    /// What the application sends next: a part, trailers, or the end; or it goes on, where `next` says.
    #[inline]
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<ControlFlow<Option<Frame<Bytes>>>> {
        let calls = &self.calls;
        calls.turn();
        let ended = calls.poll_current(cx).is_ready();
        match calls.wire.slot.take_event(cx) {
            Poll::Ready(Some(SendEvent::HttpResponseBody(part))) => {
                // The application can go on.
                calls.turn();
                if !part.body.is_empty() {
                    let part = self.data(part.body);
                    return Poll::Ready(ControlFlow::Break(Some(part)));
                }
            }
            Poll::Ready(Some(SendEvent::HttpResponseTrailers(mut trailers))) => {
                calls.turn();
                if let Some(earlier) = self.trailers.take() {
                    trailers.headers.extend(*earlier);
                }
                if !trailers.more_trailers {
                    let trailers = Frame::trailers(trailers.headers);
                    return Poll::Ready(ControlFlow::Break(Some(trailers)));
                }
                self.trailers = Some(Box::new(trailers.headers));
            }
            Poll::Ready(Some(event)) => {
                calls.turn();
                if let Some(opening) = Opening::of(event) {
                    self.next = Next::Opening(opening);
                }
            }
            Poll::Ready(None) => match self.left {
                Some(left @ 1..) if !calls.wire.slot.is_bodiless() => {
                    self.cut(&format!("the body ends {left} bytes before its content-length"));
                }
                _ => {
                    calls.wire.release();
                    return Poll::Ready(ControlFlow::Break(None));
                }
            },
            // It has said why, or that was reported.
            Poll::Pending if ended => self.next = Next::Cut,
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(ControlFlow::Continue(()))
    }

    fn data(&mut self, bytes: Bytes) -> Frame<Bytes> {
        self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
        Frame::data(bytes)
    }

    fn cut(&mut self, why: &str) {
        self.calls.errors.report(why);
        self.next = Next::Cut;
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
            Self::Denial(first, calls) => {
                let wire = &calls.wire;
                if !wire.meter.waits_for(calls.manners.write_buffer) {
                    return Poll::Pending;
                }
                loop {
                    let body = match first.take() {
                        Some(body) => body,
                        None if !wire.is_responding() => return Poll::Ready(None),
                        None => match ready!(wire.handshake.poll_part(&calls.errors, cx)) {
                            Some(part) => {
                                wire.responding.store(part.more_body, Relaxed);
                                part.body
                            }
                            None if !wire.meter.waits_for(0) => return Poll::Pending,
                            None => {
                                wire.responding.store(false, Relaxed);
                                return Poll::Ready(Some(Err(Failure::Unfinished.into())));
                            }
                        },
                    };
                    if !body.is_empty() {
                        wire.meter.spend(body.len());
                        return Poll::Ready(Some(Ok(Frame::data(body))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(body) if body.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.len() as u64),
            Self::Parts(_) | Self::Denial(..) => SizeHint::default(),
        }
    }
}
