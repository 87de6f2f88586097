//! x
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
    ASGI_VERSION, Address, Connection, HttpScope, LIFESPAN_SPEC_VERSION, LifespanScope,
    SPEC_VERSION, Scope, UnsupportedScope, WebSocketScope,
};
pub use slot::{Head, Slot};
pub use state::{LifespanState, State};
pub use wsgi_app::WsgiApp;
