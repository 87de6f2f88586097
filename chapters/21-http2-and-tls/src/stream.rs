//! One stream: a request, the application's call, and the response, in a task of their own.
//!
//! Streams must not hold each other: an application that computes for long, or one that panics, is alone in its task, and where the runtime has several threads,
//! the streams of one connection use them all. That costs a stream the allocation of a task, and waking the connection's task when there is something to write.
//!
//! What ends a stream ends nothing else: a reset by the client is the disconnect of this one call.

use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use gateway::{
    App, CallId, Connection, Error, Exchange, Head, ReceiveEvent, RequestBody, ResponseStart,
    SendError, SendEvent, Slot, Violation, poll_call,
};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_server::files::{Opening, Region};
use http_server::trailers::is_forbidden;
use http_server::{Config, Server};
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, Sleep, sleep};

use crate::flush::{Flush, Flushing};
use crate::head;
use crate::wait::Wait;

/// How many informational responses come before a response, at most. HTTP/2 has no flow control for them, so this is what bounds their memory.
const HINTS: usize = 16;

/// What is under Receive and Sender: the slot, and the request's body.
pub(crate) struct Wire {
    pub(crate) slot: Slot,
    /// The client sends the body only when it is asked to, and nobody has asked.
    unasked: AtomicBool,
    request: Mutex<RequestSide>,
}

struct RequestSide {
    body: Option<RecvStream>,
    /// How many bytes of it the application has taken.
    taken: u64,
    /// Somebody waits for more.
    wanted: bool,
    /// The stream's task.
    task: Option<Waker>,
}

impl Wire {
    pub(crate) fn new(body: RecvStream, headers: &HeaderMap) -> Self {
        let unasked = headers.contains_key(header::EXPECT) && !body.is_end_stream();
        let request = RequestSide { body: Some(body), taken: 0, wanted: false, task: None };
        Self { slot: Slot::new(), unasked: AtomicBool::new(unasked), request: Mutex::new(request) }
    }

    fn request(&self) -> MutexGuard<'_, RequestSide> {
        // Nothing panics while it holds this.
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody reads the rest of the request. If the client is still sending it, h2 tells it to stop: RST_STREAM, with NO_ERROR after a whole response.
    fn release(&self) {
        let body = self.request().body.take();
        drop(body);
    }
}

impl Exchange for Wire {
    // ANCHOR: receive
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        if self.slot.poll_over(call, cx).is_ready() {
            return Poll::Ready(ReceiveEvent::HttpDisconnect);
        }
        let mut request = self.request();
        while let Some(body) = &mut request.body {
            let Poll::Ready(part) = body.poll_data(cx) else {
                // The stream's task asks the client for the body, and looks at the time.
                let news =
                    self.unasked.swap(false, Relaxed) | !mem::replace(&mut request.wanted, true);
                let task = request.task.as_ref().filter(|_| news).cloned();
                drop(request);
                task.into_iter().for_each(Waker::wake);
                return Poll::Pending;
            };
            match part {
                Some(Ok(part)) => {
                    // The application has it: the client may send as much again.
                    let _ = body.flow_control().release_capacity(part.len());
                    let more_body = !body.is_end_stream();
                    request.wanted = false;
                    request.taken += part.len() as u64;
                    if !more_body {
                        request.body = None;
                    } else if part.is_empty() {
                        continue;
                    }
                    return Poll::Ready(RequestBody { body: part, more_body }.into());
                }
                None => {
                    // There may be trailers: ASGI has no event for them.
                    request.wanted = false;
                    request.body = None;
                    return Poll::Ready(RequestBody::default().into());
                }
                Some(Err(_)) => {
                    // A reset, or a body that contradicts its head: the stream's task has been told as well.
                    request.body = None;
                    request.wanted = false;
                    drop(request);
                    self.slot.close();
                    return Poll::Ready(ReceiveEvent::HttpDisconnect);
                }
            }
        }
        Poll::Pending
    }
    // ANCHOR_END: receive

    fn poll_send(
        &self,
        call: CallId,
        event: &mut Option<SendEvent>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        if let Some(SendEvent::HttpResponseTrailers(trailers)) = event
            && let Some(name) = trailers.headers.keys().find(|name| is_forbidden(name))
            && !self.slot.is_over(call)
        {
            let why = format!("{name} belongs into the head");
            ready!(poll_proceed(cx)).made_progress();
            return Poll::Ready(Err(Violation::Trailers(why).into()));
        }
        self.slot.poll_send(call, event, cx)
    }
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The response is due, or a part of it.
    Answering,
    /// The client has the whole response, and the application goes on: it may.
    Whole,
    /// The client has all that it gets, a response without a body, and the application goes on with the body.
    Unheard,
    /// Nobody is there.
    Gone,
}

/// Calls the application, and sends its response, until both are done.
// ANCHOR: serve
#[expect(clippy::manual_async_fn, reason = "an async fn's future has room for its arguments twice")]
pub(crate) fn serve<A: App + 'static, F: Future<Output = Result<(), Error>> + Send>(
    call: impl FnOnce() -> F + Send,
    id: CallId,
    wire: Arc<Wire>,
    mut answer: Answer,
    server: Server<A>,
    connection: Arc<Connection>,
) -> impl Future<Output = ()> + Send {
    async move {
        let config = server.config();
        let mut call = pin!(Some(call()));
        let mut clock = Clock::default();
        let mut stage = Stage::Answering;
        poll_fn(|cx| {
            wire.belongs_to(cx.waker());
            loop {
                if let Some(running) = call.as_mut().as_pin_mut()
                    && let Poll::Ready(returned) = poll_call(running, cx)
                {
                    call.set(None);
                    if let Err(failure) = wire.slot.finish(id, returned)
                        && !failure.is_expected()
                    {
                        config.errors.report(&failure.to_string());
                    }
                }
                let ended = call.is_none();
                if stage == Stage::Answering {
                    match answer.poll(&wire, ended, config, cx) {
                        Step::Taken => {
                            // What costs the client's window nothing (parts without bytes, hints) would go on for ever.
                            ready!(poll_proceed(cx)).made_progress();
                            continue;
                        }
                        Step::Wait => {}
                        Step::End(next) => {
                            stage = next;
                            wire.release();
                            if stage == Stage::Gone {
                                wire.slot.close();
                                // It may have waited for that.
                                continue;
                            }
                        }
                    }
                }
                if stage == Stage::Unheard && wire.slot.is_complete() {
                    stage = Stage::Whole;
                }
                if ended && stage != Stage::Answering {
                    return Poll::Ready(());
                }
                if clock.poll(stage, &wire, &answer, config, cx).is_pending() {
                    return Poll::Pending;
                }
                match stage {
                    Stage::Answering => answer.too_late(&wire, config, &connection),
                    Stage::Unheard => {}
                    Stage::Whole | Stage::Gone => {
                        config.errors.report(
                            "an application went on after its client had left, and was dropped",
                        );
                        call.set(None);
                        return Poll::Ready(());
                    }
                }
                stage = Stage::Gone;
                wire.slot.close();
                wire.release();
            }
        })
        .await;
    }
}
// ANCHOR_END: serve

impl Wire {
    /// The stream is in this task now.
    fn belongs_to(&self, task: &Waker) {
        let mut request = self.request();
        if !request.task.as_ref().is_some_and(|old| old.will_wake(task)) {
            request.task = Some(task.clone());
        }
    }

    /// How many bytes of the request were taken, if somebody waits for more.
    fn wanted(&self) -> Option<u64> {
        let request = self.request();
        request.wanted.then_some(request.taken)
    }
}

/// The bounds on a stream's waits. Most streams wait for nothing, and have none.
#[derive(Default)]
struct Clock {
    waits: Option<Box<Waits>>,
}

struct Waits {
    body: Wait,
    write: Wait,
    /// Since when the stream is not answering any more.
    over: Option<(Stage, Instant)>,
    sleep: Pin<Box<Sleep>>,
}

impl Clock {
    /// Ready when something has lasted too long.
    fn poll(
        &mut self,
        stage: Stage,
        wire: &Wire,
        answer: &Answer,
        config: &Config,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let (wanted, blocked) = match stage {
            Stage::Answering => (wire.wanted(), answer.blocked()),
            Stage::Whole | Stage::Unheard | Stage::Gone => (None, None),
        };
        let lasts = matches!(stage, Stage::Unheard | Stage::Gone);
        if self.waits.is_none() && wanted.is_none() && blocked.is_none() && !lasts {
            return Poll::Pending;
        }
        let waits = self.waits.get_or_insert_with(|| Box::new(Waits::new(config)));
        let until = if lasts {
            let since = match waits.over {
                Some((before, since)) if before == stage => since,
                _ => Instant::now(),
            };
            waits.over = Some((stage, since));
            since.checked_add(config.after_disconnect)
        } else {
            let body = waits.body.look(wanted);
            let write = waits.write.look(blocked);
            [body, write].into_iter().flatten().min()
        };
        let Some(until) = until else { return Poll::Pending };
        if waits.sleep.deadline() != until {
            waits.sleep.as_mut().reset(until);
        }
        waits.sleep.as_mut().poll(cx)
    }
}

impl Waits {
    fn new(config: &Config) -> Self {
        Self {
            body: Wait::new(config.body, config.body_rate),
            write: Wait::new(config.write, config.write_rate),
            over: None,
            sleep: Box::pin(sleep(config.body)),
        }
    }
}

/// What came of a turn of the response.
enum Step {
    /// Something of the application's was taken: it may go on.
    Taken,
    /// Nothing can be done.
    Wait,
    /// The response is over.
    End(Stage),
}

/// The response.
pub(crate) struct Answer {
    side: Side,
    /// The client waits to be asked for the body.
    asks: bool,
    hints: usize,
    flush: Flush,
}

enum Side {
    /// There is no head yet.
    Head(SendResponse<Bytes>),
    /// The head is known, up to its file.
    File(SendResponse<Bytes>, Option<ResponseStart>, Opening),
    /// The head is out.
    Body(Sending),
    /// All is out.
    Out,
}

/// The rest of a response.
struct Sending {
    stream: SendStream<Bytes>,
    /// What is to be sent next.
    part: Bytes,
    /// Where what comes behind it is.
    next: Next,
    /// How many bytes h2 has.
    sent: u64,
    /// The client has no room for more.
    blocked: bool,
    /// What is left of the content-length. The rules cannot count what is in a file.
    left: Option<u64>,
    /// Trailers are due.
    trailing: bool,
    /// Those that came when more were to come.
    trailers: HeaderMap,
}

enum Next {
    /// It is what the application sends.
    Event,
    /// It is in a file.
    Opening(Opening),
    /// It is in an open file.
    File(Region),
    /// There is none.
    End,
    /// There are only trailers.
    Trailers,
    /// There is more, which nobody gets: the stream is reset when what there is has been written.
    Cut(Flushing),
}

impl Answer {
    pub(crate) fn new(respond: SendResponse<Bytes>, wire: &Wire, flush: Flush) -> Self {
        let asks = wire.unasked.load(Relaxed);
        Self { side: Side::Head(respond), asks, hints: 0, flush }
    }

    /// How many bytes were sent, if the client has no room for more.
    fn blocked(&self) -> Option<u64> {
        match &self.side {
            Side::Body(sending) if sending.blocked => Some(sending.sent),
            _ => None,
        }
    }

    fn poll(&mut self, wire: &Wire, ended: bool, config: &Config, cx: &mut Context<'_>) -> Step {
        let reset = match &mut self.side {
            Side::Head(respond) | Side::File(respond, ..) => respond.poll_reset(cx),
            Side::Body(sending) => sending.stream.poll_reset(cx),
            Side::Out => return Step::End(Stage::Whole),
        };
        if reset.is_ready() || wire.slot.is_closed() {
            self.side = Side::Out;
            return Step::End(Stage::Gone);
        }
        let polled = match &mut self.side {
            Side::Head(_) => self.poll_head(wire, ended, config, cx),
            Side::File(..) => self.poll_file(wire, config, cx),
            Side::Body(sending) => sending.poll(wire, ended, &self.flush, config, cx),
            Side::Out => Ok(Step::End(Stage::Whole)),
        };
        let step = polled.unwrap_or(Step::End(Stage::Gone));
        if matches!(step, Step::End(_)) {
            self.side = Side::Out;
        }
        step
    }

    // ANCHOR: head
    fn poll_head(
        &mut self,
        wire: &Wire,
        ended: bool,
        config: &Config,
        cx: &mut Context<'_>,
    ) -> Result<Step, h2::Error> {
        let Side::Head(respond) = &mut self.side else { return Ok(Step::Wait) };
        if self.asks && !wire.unasked.load(Relaxed) {
            self.asks = false;
            respond.send_informational(informational(StatusCode::CONTINUE))?;
        }
        let (start, first) = match wire.slot.poll_head(cx) {
            Poll::Ready(Head::Response(start, first)) => (start, first),
            Poll::Ready(Head::EarlyHint(links)) => {
                self.hints += 1;
                if self.hints <= HINTS && !links.is_empty() {
                    let mut hints = informational(StatusCode::EARLY_HINTS);
                    for link in links {
                        hints.headers_mut().append(header::LINK, link);
                    }
                    respond.send_informational(hints)?;
                }
                return Ok(Step::Taken);
            }
            Poll::Pending if ended => return self.fail(StatusCode::INTERNAL_SERVER_ERROR, config),
            Poll::Pending => return Ok(Step::Wait),
        };
        match first {
            SendEvent::HttpResponseBody(part) => {
                let more = part.more_body || start.trailers;
                self.begin(wire, start, part.body, more, config)
            }
            _ if without_content(start.status) => {
                self.begin(wire, start, Bytes::new(), false, config)
            }
            file => {
                // The rules let nothing else through.
                let Some(opening) = Opening::of(file) else { return Ok(Step::Wait) };
                let side = mem::replace(&mut self.side, Side::Out);
                if let Side::Head(respond) = side {
                    self.side = Side::File(respond, Some(start), opening);
                }
                Ok(Step::Taken)
            }
        }
    }
    // ANCHOR_END: head

    /// There is a head, and the first part of a body, or all of it.
    fn begin(
        &mut self,
        wire: &Wire,
        mut start: ResponseStart,
        part: Bytes,
        more: bool,
        config: &Config,
    ) -> Result<Step, h2::Error> {
        let bodiless = wire.slot.is_bodiless();
        let announced = content_length(&start.headers);
        // To HEAD, an application may answer without making the body: then its length is not known.
        let known = !more && !without_content(start.status) && (!bodiless || !part.is_empty());
        if known && announced.is_none() {
            start.headers.insert(header::CONTENT_LENGTH, head::length(part.len() as u64));
        }
        let empty = bodiless || (!more && part.is_empty());
        let next = if more { Next::Event } else { Next::End };
        let trailing = start.trailers;
        let left = announced.filter(|_| !bodiless);
        let Side::Head(respond) = &mut self.side else { return Ok(Step::Wait) };
        let stream = respond.send_response(head::response(start, config), empty)?;
        if empty {
            return Ok(Step::End(if wire.slot.is_complete() {
                Stage::Whole
            } else {
                Stage::Unheard
            }));
        }
        self.side = Side::Body(Sending::new(stream, part, next, left, trailing));
        Ok(Step::Taken)
    }

    fn poll_file(
        &mut self,
        wire: &Wire,
        config: &Config,
        cx: &mut Context<'_>,
    ) -> Result<Step, h2::Error> {
        let Side::File(respond, start, opening) = &mut self.side else { return Ok(Step::Wait) };
        let Poll::Ready(opened) = Pin::new(&mut *opening).poll(cx) else { return Ok(Step::Wait) };
        let Some(mut start) = start.take() else { return Ok(Step::Wait) };
        let more = opening.more_body || start.trailers;
        let announced = content_length(&start.headers);
        let region = opened.and_then(|region| match announced {
            Some(announced) if !more && announced != region.left() => {
                Err(contradiction(announced, region.left()))
            }
            _ => Ok(region),
        });
        let region = match region {
            Ok(region) => region,
            Err(why) => {
                config.errors.report(&why);
                return self.fail(StatusCode::INTERNAL_SERVER_ERROR, config);
            }
        };
        if !more && announced.is_none() {
            start.headers.insert(header::CONTENT_LENGTH, head::length(region.left()));
        }
        let bodiless = wire.slot.is_bodiless();
        let trailing = start.trailers;
        let stream = respond.send_response(head::response(start, config), bodiless)?;
        if bodiless {
            return Ok(Step::End(if wire.slot.is_complete() {
                Stage::Whole
            } else {
                Stage::Unheard
            }));
        }
        let next = Next::File(region);
        self.side = Side::Body(Sending::new(stream, Bytes::new(), next, announced, trailing));
        Ok(Step::Taken)
    }

    /// The server answers instead of the application, which has not begun to. If it goes on, nobody hears it.
    fn fail(&mut self, status: StatusCode, config: &Config) -> Result<Step, h2::Error> {
        let (Side::Head(respond) | Side::File(respond, ..)) = &mut self.side else {
            return Ok(Step::Wait);
        };
        refuse(respond, head::brief(status), reason(status), config)?;
        Ok(Step::End(Stage::Gone))
    }

    /// Something was waited for too long.
    fn too_late(&mut self, wire: &Wire, config: &Config, connection: &Connection) {
        match &mut self.side {
            Side::Head(_) if wire.wanted().is_some() => {
                let status = StatusCode::REQUEST_TIMEOUT;
                config.decline(status, reason(status).trim_end(), connection);
                let _ = self.fail(status, config);
            }
            Side::Head(respond) | Side::File(respond, ..) => respond.send_reset(Reason::CANCEL),
            Side::Body(sending) => sending.stream.send_reset(Reason::CANCEL),
            Side::Out => {}
        }
        self.side = Side::Out;
    }
}

fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::REQUEST_TIMEOUT => "the request did not come in time\n",
        _ => "Internal Server Error\n",
    }
}

/// A short response of the server's own.
pub(crate) fn refuse(
    respond: &mut SendResponse<Bytes>,
    start: ResponseStart,
    text: impl Into<Bytes>,
    config: &Config,
) -> Result<(), h2::Error> {
    let text = text.into();
    let start = start.header(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    respond.send_response(head::response(start, config), false)?.send_data(text, true)
}

// ANCHOR: window
/// Waits until the client has room for something of so many bytes, and says for how many.
pub(crate) fn poll_room(
    stream: &mut SendStream<Bytes>,
    wanted: usize,
    cx: &mut Context<'_>,
) -> Poll<Result<usize, h2::Error>> {
    stream.reserve_capacity(wanted);
    while stream.capacity() == 0 {
        match ready!(stream.poll_capacity(cx)) {
            Some(room) => _ = room?,
            // The stream is at its end, and there is a reset that says so.
            None => return Poll::Ready(Err(Reason::CANCEL.into())),
        }
    }
    Poll::Ready(Ok(stream.capacity().min(wanted)))
}
// ANCHOR_END: window

fn informational(status: StatusCode) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    response
}

fn contradiction(announced: u64, there: u64) -> String {
    format!(
        "a file cannot be sent: the content-length says {announced} bytes, and there are {there}"
    )
}

/// Whether such a response never has a body, to whatever request (RFC 9110, sections 15.3.5 and 15.4.5).
fn without_content(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The rules have seen to it that there is one at most, and that it is a number.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    let (_, value) = headers.iter().find(|(name, _)| *name == header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

impl Sending {
    fn new(
        stream: SendStream<Bytes>,
        part: Bytes,
        next: Next,
        left: Option<u64>,
        trailing: bool,
    ) -> Self {
        let (sent, blocked, trailers) = (0, false, HeaderMap::new());
        Self { stream, part, next, sent, blocked, left, trailing, trailers }
    }

    fn poll(
        &mut self,
        wire: &Wire,
        ended: bool,
        flush: &Flush,
        config: &Config,
        cx: &mut Context<'_>,
    ) -> Result<Step, h2::Error> {
        self.blocked = false;
        loop {
            if !self.part.is_empty() {
                match self.poll_part(cx)? {
                    Poll::Ready(false) => continue,
                    Poll::Ready(true) => return Ok(Step::End(Stage::Whole)),
                    Poll::Pending => {
                        self.blocked = true;
                        return Ok(Step::Wait);
                    }
                }
            }
            match &mut self.next {
                Next::Event => {
                    // Asked for first: what another thread sends in between is not to be missed.
                    let complete = wire.slot.is_complete();
                    match wire.slot.poll_event(cx) {
                        Poll::Ready(event) => {
                            if let Err(why) = self.take(event) {
                                self.cut(&why, flush, config);
                            }
                            return Ok(Step::Taken);
                        }
                        Poll::Pending if complete => self.next = Next::End,
                        // It has said why, or that was reported.
                        Poll::Pending if ended => self.next = Next::Cut(flush.next()),
                        Poll::Pending => return Ok(Step::Wait),
                    }
                }
                Next::Opening(opening) => match Pin::new(opening).poll(cx) {
                    Poll::Ready(Ok(region)) => match self.left {
                        Some(left) if left < region.left() => {
                            self.cut(&contradiction(left, region.left()), flush, config);
                        }
                        _ => self.next = Next::File(region),
                    },
                    Poll::Ready(Err(why)) => self.cut(&why, flush, config),
                    Poll::Pending => return Ok(Step::Wait),
                },
                Next::File(region) => match region.poll_piece(cx) {
                    Poll::Ready(Some(Ok(piece))) => self.part = piece,
                    Poll::Ready(Some(Err(error))) => {
                        self.cut(&format!("a file cannot be sent: {error}"), flush, config);
                    }
                    Poll::Ready(None) => self.next = Next::Event,
                    Poll::Pending => return Ok(Step::Wait),
                },
                Next::End => {
                    if let Some(left @ 1..) = self.left {
                        let why = format!("the body ends {left} bytes before its content-length");
                        self.cut(&why, flush, config);
                        continue;
                    }
                    self.stream.send_data(Bytes::new(), true)?;
                    return Ok(Step::End(Stage::Whole));
                }
                Next::Cut(flushing) => {
                    if Pin::new(flushing).poll(cx).is_pending() {
                        return Ok(Step::Wait);
                    }
                    self.stream.send_reset(Reason::INTERNAL_ERROR);
                    return Ok(Step::End(Stage::Gone));
                }
                Next::Trailers => {
                    self.stream.send_trailers(mem::take(&mut self.trailers))?;
                    return Ok(Step::End(Stage::Whole));
                }
            }
        }
    }

    /// Gives h2 as much of the part as the client has room for. Says whether that was the end of all.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Result<Poll<bool>, h2::Error> {
        let Poll::Ready(room) = poll_room(&mut self.stream, self.part.len(), cx) else {
            return Ok(Poll::Pending);
        };
        let room = room?;
        let piece = self.part.split_to(room);
        self.sent += room as u64;
        self.left = self.left.map(|left| left.saturating_sub(room as u64));
        let whole = self.part.is_empty() && self.left.is_none_or(|left| left == 0);
        let last = whole && matches!(self.next, Next::End);
        self.stream.send_data(piece, last)?;
        Ok(Poll::Ready(last))
    }

    /// What the application has sent: a part, trailers, a file.
    fn take(&mut self, event: SendEvent) -> Result<(), String> {
        match event {
            SendEvent::HttpResponseBody(part) => {
                let there = part.body.len() as u64;
                if let Some(left) = self.left.filter(|&left| left < there) {
                    return Err(format!(
                        "the body is longer than its content-length, by {}",
                        there - left
                    ));
                }
                self.part = part.body;
                if !part.more_body && !self.trailing {
                    self.next = Next::End;
                }
            }
            SendEvent::HttpResponseTrailers(trailers) => {
                self.trailers.extend(trailers.headers);
                if !trailers.more_trailers {
                    self.next = Next::Trailers;
                }
            }
            event => {
                if let Some(opening) = Opening::of(event) {
                    self.next = Next::Opening(opening);
                }
            }
        }
        Ok(())
    }

    fn cut(&mut self, why: &str, flush: &Flush, config: &Config) {
        config.errors.report(why);
        self.next = Next::Cut(flush.next());
    }
}
