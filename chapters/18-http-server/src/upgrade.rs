//! What a connection can become other than HTTP, when its client asks for it and the application agrees (RFC 9110, section 7.8).
//!
//! This crate knows no such protocol. Whoever does implements two traits: [`Upgrade`] looks at a request that asks, and [`Upgrading`] is one such wish,
//! from the call of the application to the last byte. The server of HTTP has between them what is the same for all:
//! the call in the connection's task, the limit on calls in flight, a refusal in its turn among pipelined requests, 101, and what the client has sent behind its request.
//!
//! With HTTP/2 there is no 101, and a stream takes the connection's place (RFC 8441); what serves that asks the same two.

use std::fmt;
use std::future::pending;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use gateway::{
    Error, Failure, HttpScope, Receive, RequestHead, ResponseBody, ResponseStart, Scope, Sender,
    poll_call,
};
use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use wsgi::server::ErrorLog;

pub use crate::connection::copied;
use crate::transport::Transport;

// ANCHOR: upgrade
/// Serves requests that ask for another protocol.
pub trait Upgrade: Send + Sync {
    /// Looks at a request with an `upgrade` field, or at an extended CONNECT.
    /// `None` is none of its business: then it is a request like others.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the client asks for the right thing in the wrong way.
    fn asked(&self, asked: &Asked<'_>) -> Option<Result<Box<dyn Upgrading>, Refused>>;
}
// ANCHOR_END: upgrade

/// A request that asks for another protocol.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The request, without its body: it has none.
    pub head: &'a RequestHead,
    /// What `:protocol` says in an extended CONNECT of HTTP/2. In HTTP/1.1, the `upgrade` field says it.
    pub protocol: Option<&'a str>,
}

/// A response of the server's own to a client that asks in the wrong way.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Its status.
    pub status: StatusCode,
    /// Fields beside those of any response.
    pub headers: HeaderMap,
    /// A line for the client.
    pub why: String,
}

/// A future that one task owns.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

// ANCHOR: upgrading
/// One client's wish for another protocol, and the call of the application that is about it.
pub trait Upgrading: Send {
    /// What the application is called with. `http` is the scope that a request would have.
    fn call(&mut self, http: HttpScope) -> (Scope, Receive, Sender);

    /// Waits for what the application makes of the wish. Polled after each poll of the call, until it is ready.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Answered>;

    /// After [`Answered::Response`] with more to come: waits for the next part of its body. `None`: the application fails to say it.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<ResponseBody>>;

    /// The call has returned, before [`serve`](Self::serve).
    ///
    /// # Errors
    ///
    /// [`Failure`], unless it did all that it had to.
    fn finish(&mut self, returned: Result<(), Error>) -> Result<(), Failure>;

    /// The client has left before there was an answer, or the connection was closed after one. The application is to be told.
    fn gone(&mut self);

    /// The other protocol is spoken: until the stream is closed, and the call has returned or was given up.
    fn serve(self: Box<Self>, upgraded: Upgraded) -> Boxed<()>;
}
// ANCHOR_END: upgrading

/// What the application makes of a client's wish.
#[derive(Debug)]
pub enum Answered {
    /// It agrees. These fields go with 101; `connection` and `upgrade` do not need to be among them.
    Switch(HeaderMap),
    /// It answers as to a request, and that is all. The connection is closed afterwards.
    Response(ResponseStart, ResponseBody),
    /// It has failed, or returned without an answer: 500.
    Failed,
}

/// What the other protocol is spoken over, and what is left to do.
pub struct Upgraded {
    /// The connection, from the byte behind 101 on.
    pub stream: Box<dyn Stream>,
    /// What the client has sent already.
    pub heard: Bytes,
    /// What is to be written before all else: the head of the response.
    pub first: Vec<u8>,
    /// The application's call, unless it has returned.
    pub call: Option<Boxed<Result<(), Error>>>,
    /// How long the call may go on when the client is gone.
    pub grace: Duration,
    /// Where failures are reported.
    pub errors: ErrorLog,
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Upgraded")
            .field("heard", &self.heard.len())
            .field("calling", &self.call.is_some())
            .finish_non_exhaustive()
    }
}

/// A stream of bytes, both ways.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Returns when the other side has left, also if there are bytes that nobody has read; never, if only reading tells.
    fn left(&self) -> Boxed<()> {
        Box::pin(pending())
    }
}

impl<S: Transport> Stream for S {
    fn left(&self) -> Boxed<()> {
        Box::pin(Transport::left(self, false))
    }
}

/// A connection's handshake, if there is one. It is polled by hyper and by the connection's task, as calls are.
#[derive(Default)]
pub(crate) struct Handshake {
    state: AtomicU8,
    /// In a box: most connections have none.
    wish: Mutex<Option<Box<Wish>>>,
}

/// There was none.
const NONE: u8 = 0;
/// The application has not answered yet.
const ASKED: u8 = 1;
/// It has agreed.
const AGREED: u8 = 2;
/// It has answered as to a request.
const DENIED: u8 = 3;

pub(crate) struct Wish {
    pub(crate) upgrading: Box<dyn Upgrading>,
    pub(crate) call: Option<Boxed<Result<(), Error>>>,
    pub(crate) headers: HeaderMap,
}

impl Handshake {
    pub(crate) fn begin(&self, upgrading: Box<dyn Upgrading>, call: Boxed<Result<(), Error>>) {
        let headers = HeaderMap::new();
        *self.lock() = Some(Box::new(Wish { upgrading, call: Some(call), headers }));
        self.state.store(ASKED, Relaxed);
    }

    /// Whether the application has agreed, so that nothing is in the way but what hyper has to write.
    pub(crate) fn is_agreed(&self) -> bool {
        self.state.load(Relaxed) == AGREED
    }

    /// Whether a call is about a handshake now, and not about a request.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self.state.load(Relaxed), ASKED | AGREED)
    }

    /// Polls the call; ready if there is none.
    pub(crate) fn poll(&self, errors: &ErrorLog, cx: &mut Context<'_>) -> Poll<()> {
        if self.state.load(Relaxed) == NONE {
            return Poll::Ready(());
        }
        match &mut *self.lock() {
            Some(wish) => wish.poll_call(errors, cx),
            None => Poll::Ready(()),
        }
    }

    /// Waits for a response. It is not ready if the application agrees.
    pub(crate) fn poll_answer(
        &self,
        errors: &ErrorLog,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(ResponseStart, ResponseBody)>> {
        let wish = &mut *self.lock();
        let Some(wish) = wish.as_mut().filter(|_| self.state.load(Relaxed) == ASKED) else {
            return Poll::Pending;
        };
        let _ = wish.poll_call(errors, cx);
        match ready!(wish.upgrading.poll_answer(cx)) {
            Answered::Switch(headers) => {
                wish.headers = headers;
                self.state.store(AGREED, Relaxed);
                Poll::Pending
            }
            Answered::Response(start, part) => {
                self.state.store(DENIED, Relaxed);
                Poll::Ready(Some((start, part)))
            }
            Answered::Failed => {
                self.state.store(DENIED, Relaxed);
                Poll::Ready(None)
            }
        }
    }

    /// Waits for the next part of a denial.
    pub(crate) fn poll_part(
        &self,
        errors: &ErrorLog,
        cx: &mut Context<'_>,
    ) -> Poll<Option<ResponseBody>> {
        let Some(wish) = &mut *self.lock() else { return Poll::Ready(None) };
        let _ = wish.poll_call(errors, cx);
        wish.upgrading.poll_part(cx)
    }

    /// The client is gone.
    pub(crate) fn gone(&self) {
        if self.state.load(Relaxed) != NONE
            && let Some(wish) = &mut *self.lock()
        {
            wish.upgrading.gone();
        }
    }

    /// Drops the call. Says whether there was one.
    pub(crate) fn give_up(&self) -> bool {
        let wish = mem::take(&mut *self.lock());
        wish.is_some_and(|wish| wish.call.is_some())
    }

    pub(crate) fn take(&self) -> Option<Box<Wish>> {
        self.state.store(NONE, Relaxed);
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Wish>>> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wish {
    fn poll_call(&mut self, errors: &ErrorLog, cx: &mut Context<'_>) -> Poll<()> {
        let Some(call) = &mut self.call else { return Poll::Ready(()) };
        let returned = ready!(poll_call(call.as_mut(), cx));
        self.call = None;
        if let Err(failure) = self.upgrading.finish(returned)
            && !failure.is_expected()
        {
            errors.report(&failure.to_string());
        }
        Poll::Ready(())
    }
}
