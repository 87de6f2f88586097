//! The interface between an async server and an application: scope, receive, send.
//!
//! This is ASGI 3.0 in Rust's words, with its HTTP and WebSocket specification 2.5, lifespan 2.0 and TLS extension 0.2.
//! There are two parts, and this crate is what is between them:
//!
//! - The **application** is an async callable of a [`Scope`], a [`Receive`] and a [`Sender`]: an [`App`].
//! - The **protocol server** turns bytes on a connection into calls of the application, and its events into bytes.
//!
//! It knows neither hyper nor sockets. What is here:
//!
//! - [`scope`], [`event`], [`state`], [`extensions`]: what is said. [`error`]: what goes wrong.
//! - [`app`]: what an application is. [`exchange`]: its two ends, and the seam below them.
//! - [`rules`]: which event may come when. Pure, and the same for all.
//! - [`slot`]: the one place through which events pass, with all the waiting. A protocol server is built around it.
//! - [`testing`]: a protocol server without a protocol.
//! - [`middleware`]: access log, request id, timing. [`wsgi_app`]: chapter 2's applications as applications of this crate.
//! - [`crab`], the site crabsarecool.com.
//!
//! # Examples
//!
//! ```
//! use gateway::{Error, Receive, ResponseBody, ResponseStart, Scope, Sender, testing};
//!
//! async fn hello(scope: Scope, _receive: Receive, send: Sender) -> Result<(), Error> {
//!     match scope {
//!         Scope::Http(scope) => {
//!             send.send(ResponseStart::new(200).header("content-type", "text/plain")).await?;
//!             send.send(ResponseBody::last(format!("this is {}\n", scope.path()))).await?;
//!             Ok(())
//!         }
//!         other => Err(other.unsupported().into()),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let answer = testing::ask(&hello, testing::Request::get("/crabs")).await;
//! assert_eq!(answer.text(), "this is /crabs\n");
//! # }
//! ```
//!
//! # ASGI, key by key
//!
//! The scope. "Unnecessary" marks a rule that a server or an application in Python checks while it runs, and that a type settles here.
//!
//! | ASGI | here | what differs |
//! |---|---|---|
//! | `type` | the variant of [`Scope`] | unnecessary: there is no unknown type. An application declines a known one by [`Scope::unsupported`] |
//! | `asgi["version"]`, `asgi["spec_version"]` | [`ASGI_VERSION`], [`SPEC_VERSION`], [`LIFESPAN_SPEC_VERSION`] | constants: the compiler has compared the versions |
//! | `http_version` | [`RequestHead::http_version`] | also as [`http::Version`], in a field |
//! | `method` | [`RequestHead::method`] | [`http::Method`]. Unnecessary: a method is a token. Not made upper case: methods are case-sensitive, and a `get` is no `GET` |
//! | `scheme` | [`HttpScope::scheme`] | from one `bool` of the connection. Unnecessary: there is no other scheme |
//! | `path` | [`RequestHead::path`] | made when asked for. Bytes that are not UTF-8 become U+FFFD |
//! | `raw_path` | [`RequestHead::raw_path`] | never missing |
//! | `query_string` | [`RequestHead::query_string`] | |
//! | `root_path` | [`HttpScope::root_path`] | |
//! | `headers` | [`RequestHead::headers`] | [`http::HeaderMap`]: lower case and duplicates as in ASGI; order is kept for each name, not between names |
//! | `client`, `server` | [`HttpScope::client`], [`HttpScope::server`] | an [`Address`], or none. Unnecessary: a port is a number from 0 to 65535, and a Unix socket has none |
//! | `state` | [`HttpScope::state`] | keyed by type, not by name. Unnecessary: what comes out is what was put in |
//! | `extensions` | [`HttpScope::extensions`] | a set, as the extensions say nothing but their names; `tls` is [`HttpScope::tls`] |
//! | `subprotocols` | [`WebSocketScope::subprotocols`] | |
//! | | [`HttpScope::shutdown`] | new: the server is going down |
//!
//! What is received, a variant of [`ReceiveEvent`] each:
//!
//! | ASGI | here | what differs |
//! |---|---|---|
//! | `http.request` | [`HttpRequest`](ReceiveEvent::HttpRequest) | unnecessary: `body` and `more_body` are never missing |
//! | `http.disconnect` | [`HttpDisconnect`](ReceiveEvent::HttpDisconnect) | |
//! | `websocket.connect` | [`WebSocketConnect`](ReceiveEvent::WebSocketConnect) | |
//! | `websocket.receive` | [`WebSocketReceive`](ReceiveEvent::WebSocketReceive) | unnecessary: a [`Message`] is text or bytes, never both or neither |
//! | `websocket.disconnect` | [`WebSocketDisconnect`](ReceiveEvent::WebSocketDisconnect) | |
//! | `lifespan.startup`, `lifespan.shutdown` | [`LifespanStartup`](ReceiveEvent::LifespanStartup), [`LifespanShutdown`](ReceiveEvent::LifespanShutdown) | |
//!
//! What is sent, a variant of [`SendEvent`] each; most are made by [`Into`] from their fields:
//!
//! | ASGI | here | what differs |
//! |---|---|---|
//! | `http.response.start` | [`ResponseStart`] | unnecessary: a status has three digits, a name is a lower-case token, a value has no control character but the tab. What cannot be one is an error out of `send` |
//! | `http.response.body` | [`ResponseBody`] | `content-length` is compared with what comes |
//! | `http.response.trailers` | [`ResponseTrailers`] | |
//! | `http.response.pathsend` | [`HttpResponsePathSend`](SendEvent::HttpResponsePathSend) | |
//! | `http.response.zerocopysend` | [`ZeroCopySend`] | unnecessary: the file is open, and stays so until it has been read |
//! | `http.response.early_hint` | [`HttpResponseEarlyHint`](SendEvent::HttpResponseEarlyHint) | |
//! | `http.response.push` | [`HttpResponsePush`](SendEvent::HttpResponsePush) | always refused, with the reason |
//! | `websocket.accept` | [`Accept`] | |
//! | `websocket.send` | [`Message`] | unnecessary: as above |
//! | `websocket.close` | [`Close`] | code and reason are checked |
//! | `websocket.http.response.start`, `.body` | [`WebSocketResponseStart`](SendEvent::WebSocketResponseStart), [`WebSocketResponseBody`](SendEvent::WebSocketResponseBody) | |
//! | `lifespan.startup.complete`, `.failed` | [`LifespanStartupComplete`](SendEvent::LifespanStartupComplete), [`LifespanStartupFailed`](SendEvent::LifespanStartupFailed) | unnecessary: a failure has a message |
//! | `lifespan.shutdown.complete`, `.failed` | [`LifespanShutdownComplete`](SendEvent::LifespanShutdownComplete), [`LifespanShutdownFailed`](SendEvent::LifespanShutdownFailed) | |
//! | an `OSError` out of `send` (2.4) | [`SendError::Disconnected`] | for HTTP and WebSocket alike |
//!
//! What no type settles is left to [`rules`]: the order of events, one protocol's event in another's call (all protocols have one `Sender`),
//! and what the server does not offer.
//!
//! # What it costs
//!
//! A response that is sent as a start and one last part, on a connection that stays open, needs no channel, no task, and no allocation of ours.
//! The call's future is polled in the task of the connection. [`Receive`], [`Sender`] and [`Scope`] count references
//! to what the connection has once: a [`Slot`], through which both events pass, a [`HeadPlace`] for the request's head, a [`Connection`].
//! They serve one call after the other. The application's own future is new for each call, and lies where the last one lay.
//!
//! The example `slot_on_hyper` shows it with a connection of hyper's over loopback, and the tests `costs` count again:
//!
//! | a GET, keep-alive | allocations |
//! |---|---|
//! | hyper 1.12 alone | 4 |
//! | the same through scope, receive, send | 4 |
//! | each further part of a body, either way | 0 |
//! | [`DynApp`] | 1 more |
//! | [`Receive::map`], [`Sender::map`] | 1 more each |
//! | [`Timing`](middleware::Timing), [`AccessLog`](middleware::AccessLog), [`RequestIds`](middleware::RequestIds) | 2, 5, 7 more |
//!
//! What is not free is the way of the events from place to place, and the locks on it, which nobody else holds:
//! by Callgrind's count 2,400 instructions a request, where hyper, Tokio and that example's client take 11,400.
//!
//! An application is at most one part ahead of its protocol server. How far that is ahead of the client, the server says.
//!
//! # Cancellation
//!
//! [`Receive::next`] and [`Sender::send`] can be dropped while they wait: no event is lost, and none is sent by half.
//! So both may stand in `select!`. A server drops a call's future only when it gives up on the application.
#![forbid(unsafe_code)]
pub mod app;
pub mod crab;
pub mod error;
pub mod event;
pub mod exchange;
pub mod extensions;
pub mod middleware;
pub mod rules;
pub mod scope;
pub mod slot;
pub mod state;
pub mod testing;
pub mod wsgi_app;

pub use app::{App, DynApp, Panicked, poll_call};
pub use crab::crab_app;
pub use error::{BodyError, Disconnected, Error, Failure, SendError, is_disconnected};
pub use event::{
    Accept, Close, Message, ReceiveEvent, RequestBody, ResponseBody, ResponseStart,
    ResponseTrailers, SendEvent, ZeroCopySend,
};
pub use exchange::{CallId, Exchange, Receive, Receiving, Sender, Sending};
pub use extensions::{Extension, Extensions, Shutdown, Tls};
pub use rules::{Rules, Verdict, Violation};
pub use scope::{
    ASGI_VERSION, Address, Connection, HeadPlace, HttpScope, LIFESPAN_SPEC_VERSION, LifespanScope,
    RequestHead, SPEC_VERSION, Scope, UnsupportedScope, WebSocketScope,
};
pub use slot::{Head, Slot};
pub use state::{LifespanState, State};
pub use wsgi_app::WsgiApp;
