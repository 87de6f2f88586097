//! Calling an application without a server: scripted receives, recorded sends.
//!
//! This is a protocol server without a protocol. It keeps the same rules as the others, by the same [`Slot`],
//! and an application finds no difference: a part waits until the one before it was taken.
//!
//! [`ask`] is for one request and its response. [`call`], [`websocket`] and [`lifespan`] begin a call in which
//! the test and the application take turns: nothing runs but while the test waits for something.
//!
//! Time is Tokio's, so it can be virtual: under `#[tokio::test(start_paused = true)]`, [`Request::wait`] takes no time,
//! and [`Sent::at`] is exact.
//!
//! ```
//! use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender, testing};
//!
//! async fn echo(scope: Scope, mut receive: Receive, send: Sender) -> Result<(), Error> {
//!     let Scope::Http(_) = scope else { return Err(scope.unsupported().into()) };
//!     send.send(ResponseStart::new(200)).await?;
//!     while let Some(part) = receive.part().await? {
//!         send.send(ResponseBody::part(part)).await?;
//!     }
//!     send.send(ResponseBody::last("")).await?;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let answer = testing::ask(&echo, testing::Request::post("/").part("cr").part("ab")).await;
//! assert_eq!((answer.status.as_u16(), answer.text()), (200, "crab".into()));
//! # }
//! ```

use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header};
use tokio::time::{Instant, Sleep, sleep};

use crate::app::{App, BoxedCall, poll_call};
use crate::error::{Failure, SendError};
use crate::event::{Accept, Close, Message, ReceiveEvent, RequestBody, ResponseStart, SendEvent};
use crate::exchange::{CallId, Exchange, Receive, Sender};
use crate::extensions::{Extension, Extensions};
use crate::rules::Rules;
use crate::scope::{Connection, HttpScope, LifespanScope, RequestHead, Scope, WebSocketScope};
use crate::slot::{Head, Slot};
use crate::state::{LifespanState, State};

/// A request, and how it arrives.
///
/// It comes in HTTP/1.1 from 127.0.0.1:50000, with `host: crabsarecool.com`.
#[derive(Debug, Clone)]
#[must_use]
pub struct Request {
    scope: HttpScope,
    subprotocols: Vec<String>,
    script: VecDeque<Step>,
    open: bool,
    leaves_after: Option<usize>,
}

/// What the client does next.
#[derive(Debug, Clone)]
enum Step {
    Part(Bytes),
    Wait(Duration),
    Leave,
}

impl Request {
    /// A request with that method for that target.
    ///
    /// # Panics
    ///
    /// If the target is none.
    pub fn new(method: Method, target: &str) -> Self {
        let address = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into());
        let connection =
            Connection { client: address(50_000), server: address(80), ..Connection::default() };
        let host = HeaderValue::from_static("crabsarecool.com");
        let head = RequestHead {
            version: Version::HTTP_11,
            method,
            uri: target.parse::<Uri>().unwrap_or_else(|error| panic!("{target:?}: {error}")),
            headers: [(header::HOST, host)].into_iter().collect(),
        };
        let scope = HttpScope {
            head: Arc::new(head),
            state: State::new(),
            extensions: Extensions::NONE,
            connection: Arc::new(connection),
        };
        Self {
            scope,
            subprotocols: Vec::new(),
            script: VecDeque::new(),
            open: false,
            leaves_after: None,
        }
    }

    /// `GET`.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn get(target: &str) -> Self {
        Self::new(Method::GET, target)
    }

    /// `POST`.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn post(target: &str) -> Self {
        Self::new(Method::POST, target)
    }

    /// With a header more.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn header(self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let value = value.parse().unwrap_or_else(|error| panic!("{name}: {value:?}: {error}"));
        self.with(|head| {
            head.headers.append(name, value);
        })
    }

    /// With another part of the body. The last part that is given here ends it, unless the client leaves, or the body is [open](Self::open).
    pub fn part(mut self, bytes: impl Into<Bytes>) -> Self {
        self.script.push_back(Step::Part(bytes.into()));
        self
    }

    /// With this body, in one part, and its `content-length`.
    pub fn body(self, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = bytes.len().into();
        self.with(|head| {
            head.headers.insert(header::CONTENT_LENGTH, length);
        })
        .part(bytes)
    }

    /// The client pauses before what comes next.
    pub fn wait(mut self, time: Duration) -> Self {
        self.script.push_back(Step::Wait(time));
        self
    }

    /// The client leaves, whether its response is complete or not.
    pub fn disconnect(mut self) -> Self {
        self.script.push_back(Step::Leave);
        self
    }

    /// The client leaves when it has read so many parts of the response's body.
    pub fn disconnect_after(mut self, parts: usize) -> Self {
        self.leaves_after = Some(parts);
        self
    }

    /// More of the body will be given by [`HttpCall::give`].
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// With what lifespan stored.
    pub fn state(mut self, state: State) -> Self {
        self.scope.state = state;
        self
    }

    /// The server offers an extension.
    pub fn offer(mut self, extension: Extension) -> Self {
        self.scope.extensions = self.scope.extensions.with(extension);
        self
    }

    /// The client offers a WebSocket protocol.
    pub fn subprotocol(mut self, name: &str) -> Self {
        self.subprotocols.push(name.to_owned());
        self
    }

    /// Changes anything else about the head.
    pub fn with(mut self, change: impl FnOnce(&mut RequestHead)) -> Self {
        change(Arc::make_mut(&mut self.scope.head));
        self
    }

    /// Changes anything about the connection.
    pub fn connection(mut self, change: impl FnOnce(&mut Connection)) -> Self {
        change(Arc::make_mut(&mut self.scope.connection));
        self
    }

    /// What arrives, with the ends of the parts.
    fn arrivals(&mut self) -> VecDeque<Arrival> {
        let leaves = self.script.iter().any(|step| matches!(step, Step::Leave));
        let parts = self.script.iter().filter(|step| matches!(step, Step::Part(_))).count();
        let ends = !leaves && !self.open;
        let mut seen = 0;
        let mut arrivals: VecDeque<_> = mem::take(&mut self.script)
            .into_iter()
            .map(|step| match step {
                Step::Part(body) => {
                    seen += 1;
                    let more_body = !(ends && seen == parts);
                    Arrival::Event(RequestBody { body, more_body }.into())
                }
                Step::Wait(time) => Arrival::Pause(time),
                Step::Leave => Arrival::Leave,
            })
            .collect();
        if ends && parts == 0 {
            arrivals.push_front(Arrival::Event(RequestBody::default().into()));
        }
        arrivals
    }
}

/// What comes in next.
#[derive(Debug)]
enum Arrival {
    Event(ReceiveEvent),
    Pause(Duration),
    Leave,
}

/// An event that the application sent, and when, counted from the beginning of the call.
#[derive(Debug, Clone)]
pub struct Sent {
    /// When the test took it.
    pub at: Duration,
    /// The event.
    pub event: SendEvent,
}

/// What a client sees of a response, and what its server knows.
#[derive(Debug)]
pub struct Answer {
    /// The status: 500 if the application failed before its response had begun.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as far as it came.
    pub body: Bytes,
    /// The trailers.
    pub trailers: HeaderMap,
    /// Whether nothing is missing.
    pub complete: bool,
    /// All events, in order.
    pub sent: Vec<Sent>,
    /// How the application ended.
    pub ended: Result<(), Failure>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The value of the first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Asks one request, reads the whole response, and waits until the application has returned.
pub async fn ask(app: &impl App, request: Request) -> Answer {
    call(app, request).answer().await
}

/// Begins to ask a request.
pub fn call(app: &impl App, mut request: Request) -> HttpCall<'_> {
    let arrivals = request.arrivals();
    let call = Driven::begin(app, request.scope.into(), arrivals);
    HttpCall { call, leaves_after: request.leaves_after, parts: 0, over: false }
}

/// Begins to open a WebSocket. The request's method does not matter.
pub fn websocket(app: &impl App, request: Request) -> WebSocketCall<'_> {
    let HttpScope { head, state, extensions, connection } = request.scope;
    let subprotocols = request.subprotocols;
    let scope = WebSocketScope { head, subprotocols, state, extensions, connection };
    let arrivals = VecDeque::from([Arrival::Event(ReceiveEvent::WebSocketConnect)]);
    WebSocketCall { call: Driven::begin(app, scope.into(), arrivals) }
}

/// Begins the life of a process.
pub fn lifespan(app: &impl App) -> LifespanCall<'_> {
    let state = LifespanState::new();
    let scope = LifespanScope { state: state.clone() };
    let arrivals = VecDeque::from([Arrival::Event(ReceiveEvent::LifespanStartup)]);
    LifespanCall { call: Driven::begin(app, scope.into(), arrivals), state }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct HttpCall<'a> {
    call: Driven<'a>,
    leaves_after: Option<usize>,
    parts: usize,
    over: bool,
}

impl HttpCall<'_> {
    /// The next event, when the application has sent one; none when it has returned instead.
    ///
    /// An event is there in full as soon as the application has sent it: a start does not wait for the body here.
    pub async fn event(&mut self) -> Option<SendEvent> {
        let event = self.call.event().await?;
        self.read(&event);
        Some(event)
    }

    /// The start of the response.
    ///
    /// # Panics
    ///
    /// If the application does something else.
    pub async fn start(&mut self) -> ResponseStart {
        match self.event().await {
            Some(SendEvent::HttpResponseStart(start)) => start,
            Some(event) => panic!("a start was expected, and {} came", event.name()),
            None => panic!("a start was expected: {}", self.call.said()),
        }
    }

    /// The next part of the response's body; none after the last, or when the application has returned instead.
    ///
    /// # Panics
    ///
    /// If the application sends something else.
    pub async fn part(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        match self.event().await? {
            SendEvent::HttpResponseBody(part) if part.body.is_empty() && !part.more_body => None,
            SendEvent::HttpResponseBody(part) => Some(part.body),
            event => panic!("a part of the body was expected, and {} came", event.name()),
        }
    }

    /// Another part of the request's body arrives.
    pub fn give(&mut self, bytes: impl Into<Bytes>, more_body: bool) {
        self.call.give(RequestBody { body: bytes.into(), more_body }.into());
    }

    /// The client leaves.
    pub fn disconnect(&mut self) {
        self.call.wire.slot.close();
    }

    /// Lets the application run until it waits.
    pub async fn settle(&mut self) {
        self.call.settle().await;
    }

    /// What was read so far.
    pub fn sent(&self) -> &[Sent] {
        &self.call.sent
    }

    /// Waits until the application has returned, without reading any more of what it sends.
    ///
    /// # Errors
    ///
    /// [`Failure`], unless it did all that it had to.
    pub async fn ended(&mut self) -> Result<(), Failure> {
        self.call.ended().await
    }

    /// Reads all that is left of the response, and waits until the application has returned.
    pub async fn answer(mut self) -> Answer {
        // As a server does it: a start is on its way only when something follows, or it has been taken before.
        while !self.call.wire.slot.is_handed() {
            match poll_fn(|cx| self.call.poll_with(cx, Slot::poll_head)).await {
                Some(Head::EarlyHint(links)) => {
                    self.call.record(&SendEvent::HttpResponseEarlyHint(links));
                }
                Some(Head::Response(start, first)) => {
                    self.call.record(&SendEvent::HttpResponseStart(start));
                    self.call.record(&first);
                    self.read(&first);
                }
                None => break,
            }
        }
        while self.event().await.is_some() {}
        let ended = self.ended().await;
        let mut answer = Answer {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            trailers: HeaderMap::new(),
            complete: self.call.wire.slot.is_complete(),
            sent: self.call.sent,
            ended,
        };
        let mut body = BytesMut::new();
        for sent in &answer.sent {
            match &sent.event {
                SendEvent::HttpResponseStart(start) => {
                    answer.status = start.status;
                    answer.headers = start.headers.clone();
                }
                SendEvent::HttpResponseBody(part) => body.extend_from_slice(&part.body),
                SendEvent::HttpResponseTrailers(trailers) => {
                    answer.trailers.extend(trailers.headers.clone());
                }
                _ => {}
            }
        }
        if !self.call.wire.slot.is_bodiless() {
            answer.body = body.freeze();
        }
        answer
    }

    /// The client has read an event.
    fn read(&mut self, event: &SendEvent) {
        if let SendEvent::HttpResponseBody(part) = event {
            self.parts += 1;
            self.over = !part.more_body;
            if self.leaves_after == Some(self.parts) {
                self.disconnect();
            }
        }
    }
}

/// A WebSocket, seen from the client.
#[derive(Debug)]
pub struct WebSocketCall<'a> {
    call: Driven<'a>,
}

impl WebSocketCall<'_> {
    /// The next event, when the application has sent one; none when it has returned instead.
    pub async fn event(&mut self) -> Option<SendEvent> {
        self.call.event().await
    }

    /// The application's consent.
    ///
    /// # Panics
    ///
    /// If it does something else.
    pub async fn accepted(&mut self) -> Accept {
        match self.event().await {
            Some(SendEvent::WebSocketAccept(accept)) => accept,
            Some(event) => panic!("websocket.accept was expected, and {} came", event.name()),
            None => panic!("websocket.accept was expected: {}", self.call.said()),
        }
    }

    /// Says something to the application.
    pub fn say(&mut self, message: impl Into<Message>) {
        self.call.give(ReceiveEvent::WebSocketReceive(message.into()));
    }

    /// The next message from the application; none if it closes the socket or returns.
    ///
    /// # Panics
    ///
    /// If it does something else.
    pub async fn heard(&mut self) -> Option<Message> {
        match self.event().await? {
            SendEvent::WebSocketSend(message) => Some(message),
            SendEvent::WebSocketClose(_) => None,
            event => panic!("a message was expected, and {} came", event.name()),
        }
    }

    /// The client closes the socket: what was said before is still received, and nothing can be sent any more.
    pub fn close(&mut self, close: Close) {
        self.call.give(ReceiveEvent::WebSocketDisconnect(close));
        self.call.wire.slot.close();
    }

    /// Lets the application run until it waits.
    pub async fn settle(&mut self) {
        self.call.settle().await;
    }

    /// What was read so far.
    pub fn sent(&self) -> &[Sent] {
        &self.call.sent
    }

    /// Waits until the application has returned, without reading any more of what it sends.
    ///
    /// # Errors
    ///
    /// [`Failure`], unless it did all that it had to.
    pub async fn ended(&mut self) -> Result<(), Failure> {
        self.call.ended().await
    }
}

/// The life of a process.
#[derive(Debug)]
pub struct LifespanCall<'a> {
    call: Driven<'a>,
    state: LifespanState,
}

/// Why a process does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// The application says so.
    #[error("{0}")]
    Failed(String),
    /// The application does not speak lifespan.
    #[error("the application does not speak lifespan: {0}")]
    Unsupported(Failure),
}

impl LifespanCall<'_> {
    /// Waits until the application is ready, and returns what it has stored for the other calls.
    ///
    /// # Errors
    ///
    /// [`StartupError`] if it does not get ready.
    ///
    /// # Panics
    ///
    /// If it sends something else; the rules let nothing else through.
    pub async fn startup(&mut self) -> Result<State, StartupError> {
        match self.call.event().await {
            Some(SendEvent::LifespanStartupComplete) => Ok(self.state.snapshot()),
            Some(SendEvent::LifespanStartupFailed(why)) => Err(StartupError::Failed(why)),
            Some(event) => panic!("an answer to the start was expected, and {} came", event.name()),
            None => {
                let failure = self.ended().await.err().unwrap_or(Failure::NoResponse);
                Err(StartupError::Unsupported(failure))
            }
        }
    }

    /// Tells the application that the process ends, and waits for its answer. One that has returned before has nothing against it.
    ///
    /// # Errors
    ///
    /// What the application could not put away.
    pub async fn shutdown(&mut self) -> Result<(), String> {
        self.call.give(ReceiveEvent::LifespanShutdown);
        match self.call.event().await {
            Some(SendEvent::LifespanShutdownFailed(why)) => Err(why),
            _ => Ok(()),
        }
    }

    /// Waits until the application has returned.
    ///
    /// # Errors
    ///
    /// [`Failure`], unless it did all that it had to.
    pub async fn ended(&mut self) -> Result<(), Failure> {
        self.call.ended().await
    }
}

/// An application at work, and its other side.
struct Driven<'a> {
    wire: Arc<Wire>,
    id: CallId,
    app: Option<BoxedCall<'a>>,
    ended: Result<(), Failure>,
    arrivals: VecDeque<Arrival>,
    pause: Option<Pin<Box<Sleep>>>,
    began: Instant,
    sent: Vec<Sent>,
}

impl<'a> Driven<'a> {
    fn begin(app: &'a impl App, scope: Scope, arrivals: VecDeque<Arrival>) -> Self {
        let over = match scope {
            Scope::WebSocket(_) => ReceiveEvent::WebSocketDisconnect(Close::new(1006)),
            _ => ReceiveEvent::HttpDisconnect,
        };
        let endless = matches!(scope, Scope::Lifespan(_));
        let wire = Arc::new(Wire { slot: Slot::new(), inbox: Mutex::default(), over, endless });
        let id = wire.slot.begin(Rules::of(&scope));
        let exchange: Arc<dyn Exchange> = Arc::clone(&wire) as _;
        let receive = Receive::new(Arc::clone(&exchange), id);
        let app = app.call(scope, receive, Sender::new(exchange, id));
        Self {
            wire,
            id,
            app: Some(Box::pin(app)),
            ended: Ok(()),
            arrivals,
            pause: None,
            began: Instant::now(),
            sent: Vec::new(),
        }
    }

    /// Lets come what is due, and polls the application.
    fn poll_app(&mut self, cx: &mut Context<'_>) {
        self.poll_arrivals(cx);
        let Some(app) = &mut self.app else { return };
        if let Poll::Ready(returned) = poll_call(app.as_mut(), cx) {
            self.app = None;
            self.ended = self.wire.slot.finish(self.id, returned);
        }
    }

    fn poll_arrivals(&mut self, cx: &mut Context<'_>) {
        loop {
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(cx).is_pending() {
                    return;
                }
                self.pause = None;
            }
            match self.arrivals.pop_front() {
                Some(Arrival::Event(event)) => self.give(event),
                Some(Arrival::Pause(time)) => self.pause = Some(Box::pin(sleep(time))),
                Some(Arrival::Leave) => self.wire.slot.close(),
                None => return,
            }
        }
    }

    fn give(&mut self, event: ReceiveEvent) {
        let mut inbox = self.wire.inbox();
        inbox.events.push_back(event);
        let waker = inbox.waiting.take();
        drop(inbox);
        waker.into_iter().for_each(Waker::wake);
    }

    /// What the slot has, if need be after the application was polled; none if there will be nothing.
    fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        take: impl Fn(&Slot, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        if let Poll::Ready(taken) = take(&self.wire.slot, cx) {
            return Poll::Ready(Some(taken));
        }
        self.poll_app(cx);
        match take(&self.wire.slot, cx) {
            Poll::Ready(taken) => Poll::Ready(Some(taken)),
            Poll::Pending if self.app.is_none() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    async fn event(&mut self) -> Option<SendEvent> {
        let event = poll_fn(|cx| self.poll_with(cx, Slot::poll_event)).await?;
        self.record(&event);
        Some(event)
    }

    fn record(&mut self, event: &SendEvent) {
        self.sent.push(Sent { at: self.began.elapsed(), event: event.clone() });
    }

    async fn settle(&mut self) {
        poll_fn(|cx| {
            self.poll_app(cx);
            Poll::Ready(())
        })
        .await;
    }

    async fn ended(&mut self) -> Result<(), Failure> {
        poll_fn(|cx| {
            self.poll_app(cx);
            if self.app.is_none() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        mem::replace(&mut self.ended, Ok(()))
    }

    /// For a message: what has become of the application.
    fn said(&self) -> String {
        match &self.ended {
            _ if self.app.is_some() => "the application waits".to_owned(),
            Ok(()) => "the application returned".to_owned(),
            Err(failure) => failure.to_string(),
        }
    }
}

impl std::fmt::Debug for Driven<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Driven").field("sent", &self.sent).finish_non_exhaustive()
    }
}

/// What is under Receive and Sender: the slot, and what has arrived.
struct Wire {
    slot: Slot,
    inbox: Mutex<Inbox>,
    /// What the application is told when all is over.
    over: ReceiveEvent,
    /// Nothing is over for the application: it is a process.
    endless: bool,
}

#[derive(Default)]
struct Inbox {
    events: VecDeque<ReceiveEvent>,
    waiting: Option<Waker>,
}

impl Wire {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exchange for Wire {
    fn poll_receive(&self, call: CallId, cx: &mut Context<'_>) -> Poll<ReceiveEvent> {
        let over = !self.endless && self.slot.poll_over(call, cx).is_ready();
        // What had arrived before the client left is received. What arrived for a response that is complete is not.
        if over && !self.slot.is_closed() {
            return Poll::Ready(self.over.clone());
        }
        let mut inbox = self.inbox();
        let Some(event) = inbox.events.pop_front() else {
            if over {
                return Poll::Ready(self.over.clone());
            }
            inbox.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        };
        if matches!(event, ReceiveEvent::WebSocketDisconnect(_)) {
            // The end is told again and again.
            inbox.events.push_back(event.clone());
        }
        drop(inbox);
        self.slot.receives(call, &event);
        Poll::Ready(event)
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
