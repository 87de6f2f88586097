//! What goes through `receive` and `send`: ASGI's messages, a variant for each `type`.
//!
//! A field that ASGI lets an application leave out has its default in the constructor.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::rules::Violation;

// ANCHOR: receive
/// What the server tells the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiveEvent {
    /// `http.request`: a part of the request's body. There is at least one, if only an empty one.
    HttpRequest(RequestBody),
    /// `http.disconnect`: the response is complete, or the client is gone. From now on it is always this.
    HttpDisconnect,
    /// `websocket.connect`: a client asks for a WebSocket. It waits for accept or close.
    WebSocketConnect,
    /// `websocket.receive`: a message.
    WebSocketReceive(Message),
    /// `websocket.disconnect`: the WebSocket is closed. From now on it is always this.
    WebSocketDisconnect(Close),
    /// `lifespan.startup`: the server is about to accept connections, and waits for the answer.
    LifespanStartup,
    /// `lifespan.shutdown`: all connections are closed, and the server waits for the answer.
    LifespanShutdown,
}
// ANCHOR_END: receive

// ANCHOR: send
/// What the application tells the server.
#[derive(Debug, Clone)]
pub enum SendEvent {
    /// `http.response.start`: status and headers.
    HttpResponseStart(ResponseStart),
    /// `http.response.body`: a part of the body.
    HttpResponseBody(ResponseBody),
    /// `http.response.trailers`: fields after the body.
    HttpResponseTrailers(ResponseTrailers),
    /// `http.response.pathsend`: the body is that file.
    HttpResponsePathSend(PathBuf),
    /// `http.response.zerocopysend`: a part of the body is in that file.
    HttpResponseZeroCopySend(ZeroCopySend),
    /// `http.response.early_hint`: links that the client may load meanwhile.
    HttpResponseEarlyHint(Vec<HeaderValue>),
    /// `http.response.push`: a request that the server is to invent, for the client to get its answer early.
    HttpResponsePush {
        /// Its path.
        path: String,
        /// Its headers.
        headers: HeaderMap,
    },
    /// `websocket.accept`: the handshake succeeds.
    WebSocketAccept(Accept),
    /// `websocket.send`: a message.
    WebSocketSend(Message),
    /// `websocket.close`: the end; or, before accept, the refusal with 403.
    WebSocketClose(Close),
    /// `websocket.http.response.start`: the handshake is refused with this response.
    WebSocketResponseStart(ResponseStart),
    /// `websocket.http.response.body`: a part of that response's body.
    WebSocketResponseBody(ResponseBody),
    /// `lifespan.startup.complete`: let them come.
    LifespanStartupComplete,
    /// `lifespan.startup.failed`: why the server must not start.
    LifespanStartupFailed(String),
    /// `lifespan.shutdown.complete`: the application has put everything away.
    LifespanShutdownComplete,
    /// `lifespan.shutdown.failed`: what it could not put away.
    LifespanShutdownFailed(String),
}
// ANCHOR_END: send

impl SendEvent {
    /// ASGI's `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::HttpResponseStart(_) => "http.response.start",
            Self::HttpResponseBody(_) => "http.response.body",
            Self::HttpResponseTrailers(_) => "http.response.trailers",
            Self::HttpResponsePathSend(_) => "http.response.pathsend",
            Self::HttpResponseZeroCopySend(_) => "http.response.zerocopysend",
            Self::HttpResponseEarlyHint(_) => "http.response.early_hint",
            Self::HttpResponsePush { .. } => "http.response.push",
            Self::WebSocketAccept(_) => "websocket.accept",
            Self::WebSocketSend(_) => "websocket.send",
            Self::WebSocketClose(_) => "websocket.close",
            Self::WebSocketResponseStart(_) => "websocket.http.response.start",
            Self::WebSocketResponseBody(_) => "websocket.http.response.body",
            Self::LifespanStartupComplete => "lifespan.startup.complete",
            Self::LifespanStartupFailed(_) => "lifespan.startup.failed",
            Self::LifespanShutdownComplete => "lifespan.shutdown.complete",
            Self::LifespanShutdownFailed(_) => "lifespan.shutdown.failed",
        }
    }
}

impl ReceiveEvent {
    /// ASGI's `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::HttpRequest(_) => "http.request",
            Self::HttpDisconnect => "http.disconnect",
            Self::WebSocketConnect => "websocket.connect",
            Self::WebSocketReceive(_) => "websocket.receive",
            Self::WebSocketDisconnect(_) => "websocket.disconnect",
            Self::LifespanStartup => "lifespan.startup",
            Self::LifespanShutdown => "lifespan.shutdown",
        }
    }
}

/// The fields of `http.request`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestBody {
    /// The bytes; may be empty.
    pub body: Bytes,
    /// Whether another part follows.
    pub more_body: bool,
}

/// The fields of `http.response.start`, and of `websocket.http.response.start`.
#[derive(Debug, Clone)]
pub struct ResponseStart {
    /// The status. Not an informational one.
    pub status: StatusCode,
    /// The headers. What concerns the connection and not the response (`connection`, `transfer-encoding` and so on) is the server's.
    pub headers: HeaderMap,
    /// Whether `http.response.trailers` follow the body.
    pub trailers: bool,
    /// What could not be put in: `send` says so. Boxed, so that the starts that can be sent are the smaller for it.
    pub(crate) invalid: Option<Box<Violation>>,
}

impl ResponseStart {
    /// A response of that status, without headers.
    ///
    /// A number that is no status is refused by `send`.
    pub fn new(status: impl TryInto<StatusCode>) -> Self {
        let (status, invalid) = match status.try_into() {
            Ok(status) => (status, None),
            Err(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                Some(Box::new(Violation::Start("the status is no status".to_owned()))),
            ),
        };
        Self { status, headers: HeaderMap::new(), trailers: false, invalid }
    }

    /// The same with a header more.
    ///
    /// A name that is not a token, or a value with control characters in it (but for the tab), is refused by `send`, and so never reaches a wire.
    /// A `&str` is copied for the value; `HeaderValue::from_static` is not.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        let why = match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(value)) => {
                self.headers.append(name, value);
                return self;
            }
            (Err(_), _) => "a header's name is not a token".to_owned(),
            (Ok(name), Err(_)) => format!("the value of {name} has control characters in it"),
        };
        self.invalid = Some(Box::new(Violation::Start(why)));
        self
    }

    /// The same, announcing trailers.
    pub fn with_trailers(mut self) -> Self {
        self.trailers = true;
        self
    }
}

/// The fields of `http.response.body`, and of `websocket.http.response.body`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseBody {
    /// The bytes; may be empty.
    pub body: Bytes,
    /// Whether another part follows.
    pub more_body: bool,
}

impl ResponseBody {
    /// A part that others follow.
    pub fn part(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), more_body: true }
    }

    /// The last part; the only one, perhaps.
    pub fn last(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), more_body: false }
    }
}

/// The fields of `http.response.trailers`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseTrailers {
    /// The fields.
    pub headers: HeaderMap,
    /// Whether more of them follow.
    pub more_trailers: bool,
}

/// The fields of `http.response.zerocopysend`.
#[derive(Debug, Clone)]
pub struct ZeroCopySend {
    /// The file; it stays open until it has been read.
    pub file: Arc<File>,
    /// Where to begin, in bytes; where the file stands, if none.
    pub offset: Option<u64>,
    /// How many bytes; to the file's end, if none.
    pub count: Option<u64>,
    /// Whether another part follows.
    pub more_body: bool,
}

/// A message over a WebSocket, either way: the keys `text` and `bytes`, exactly one of which is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

/// The fields of `websocket.accept`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accept {
    /// One of the client's protocols, or none.
    pub subprotocol: Option<HeaderValue>,
    /// More headers of the answer.
    pub headers: HeaderMap,
}

impl Accept {
    /// Without a protocol, and without headers.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The fields of `websocket.close` and `websocket.disconnect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// The code (RFC 6455, section 7.4). In a disconnect, 1005 is "none was sent" and 1006 "the connection was lost".
    pub code: u16,
    /// The reason, for humans; at most 123 bytes. Empty if there is none.
    pub reason: String,
}

impl Close {
    /// A close with that code, without a reason.
    pub fn new(code: u16) -> Self {
        Self { code, reason: String::new() }
    }

    /// The same with a reason.
    pub fn because(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// The normal end: 1000.
impl Default for Close {
    fn default() -> Self {
        Self::new(1000)
    }
}

macro_rules! events {
    ($($fields:ty => $enumeration:ident::$variant:ident),* $(,)?) => {
        $(impl From<$fields> for $enumeration {
            #[inline]
            fn from(fields: $fields) -> Self {
                Self::$variant(fields)
            }
        })*
    };
}

events! {
    RequestBody => ReceiveEvent::HttpRequest,
    ResponseStart => SendEvent::HttpResponseStart,
    ResponseBody => SendEvent::HttpResponseBody,
    ResponseTrailers => SendEvent::HttpResponseTrailers,
    ZeroCopySend => SendEvent::HttpResponseZeroCopySend,
    Accept => SendEvent::WebSocketAccept,
    Message => SendEvent::WebSocketSend,
    Close => SendEvent::WebSocketClose,
}
