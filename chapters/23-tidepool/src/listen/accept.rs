//! From sockets to connections: several sockets as one listener, and what stands before HTTP on a connection.
//!
//! Two kinds of socket come together here in one type of stream, so that the server above is compiled once.
//! A connection passes what [`Prelude`] says before the server has it, which is the PROXY protocol's header. TLS comes behind that, and is the server's.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use gateway::Address;
use http_server::{Config, Listener, Tcp, Transport, Unix};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Bound, proxy_protocol};
use crate::metrics::{Metrics, Phase, PhaseGuard};
use crate::proxy::Trust;

/// How many connections may be in their prelude at a time. More wait in the kernel.
const PRELUDES: usize = 1_024;

/// What a connection has to say before its first request.
#[derive(Debug, Clone)]
pub struct Prelude {
    /// Whose word counts. Others are not let in.
    pub trust: Trust,
    /// How long it may take.
    pub bound: Duration,
}

/// The sockets of a process, as one.
#[derive(Debug)]
pub struct Acceptor {
    sockets: Vec<Kind<TcpListener, UnixListener>>,
    /// Who is asked first, so that no socket starves another.
    turn: usize,
    prelude: Option<Prelude>,
    /// What a connection does that has no prelude before it, or no more.
    first: Phase,
    admitted: JoinSet<Option<Stream>>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
enum Kind<T, U> {
    Tcp(T),
    Unix(U),
}

impl Acceptor {
    /// Accepts from all of these. Whether a handshake comes first is for the figures.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime. Connections are watched by the present one.
    pub fn new(
        bound: Vec<Bound>,
        prelude: Option<Prelude>,
        handshake: bool,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let first = if handshake { Phase::Handshake } else { Phase::Silent };
        let sockets = bound.into_iter().map(|bound| match bound {
            Bound::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Kind::Tcp)
            }
            Bound::Unix(listener) => {
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(Kind::Unix)
            }
        });
        let sockets = sockets.collect::<io::Result<_>>()?;
        Ok(Self { sockets, turn: 0, prelude, first, admitted: JoinSet::new(), metrics })
    }

    fn poll_socket(
        &mut self,
        config: &Config,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Kind<Tcp, Unix>>> {
        for _ in 0..self.sockets.len() {
            let at = self.turn % self.sockets.len();
            self.turn = at + 1;
            let polled = match &self.sockets[at] {
                Kind::Tcp(listener) => listener
                    .poll_accept(cx)
                    .map_ok(|(stream, _)| Kind::Tcp(Tcp::new(stream, config.unsent))),
                Kind::Unix(listener) => {
                    listener.poll_accept(cx).map_ok(|(stream, _)| Kind::Unix(Unix::new(stream)))
                }
            };
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }
}

// ANCHOR: accept
impl Listener for Acceptor {
    type Stream = Stream;

    async fn accept(&mut self, config: &Config) -> io::Result<Stream> {
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(Some(admitted)) = self.admitted.poll_join_next(cx) {
                    match admitted {
                        Ok(Some(stream)) => return Poll::Ready(Ok(stream)),
                        _ => continue,
                    }
                }
                if self.admitted.len() >= PRELUDES {
                    return Poll::Pending;
                }
                let kind = ready!(self.poll_socket(config, cx))?;
                let first = if self.prelude.is_some() { Phase::Prelude } else { self.first };
                let stream = Stream::new(kind, first, &self.metrics);
                match &self.prelude {
                    None => return Poll::Ready(Ok(stream)),
                    Some(prelude) => {
                        self.admitted.spawn(admit(stream, prelude.clone(), self.first));
                    }
                }
            }
        })
        .await
    }

    fn address(&self) -> Option<Address> {
        match self.sockets.first()? {
            Kind::Tcp(listener) => listener.address(),
            Kind::Unix(listener) => listener.address(),
        }
    }
}
// ANCHOR_END: accept

/// A connection whose prelude is over, if it was well. In a task of its own: a client that is slow to say who it is holds up nobody.
async fn admit(mut stream: Stream, prelude: Prelude, then: Phase) -> Option<Stream> {
    let (peer, _) = stream.addresses();
    if !prelude.trust.trusts(peer.as_ref()) {
        tracing::warn!(
            "a connection from {} is closed: its word for who is behind it would have to be trusted, and it is not in --forwarded-allow-ips",
            peer.map_or_else(|| "somewhere".to_owned(), |peer| peer.to_string())
        );
        return None;
    }
    let header = timeout(prelude.bound, proxy_protocol::read(&mut stream)).await;
    let why = match header {
        Ok(Ok((said, heard))) => {
            stream.phase.enter(then);
            if !heard.is_empty() {
                stream.phase.heard();
            }
            let said = said.map(|(client, server)| (Address::Ip(client), Address::Ip(server)));
            stream.passed = Some(Box::new(Passed { said, heard }));
            return Some(stream);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("none came within {:?}", prelude.bound),
    };
    tracing::warn!("a connection without a header of the PROXY protocol is closed: {why}");
    None
}

/// A connection.
#[derive(Debug)]
pub struct Stream {
    kind: Kind<Tcp, Unix>,
    /// In a box: a connection is moved from one future into the next, and each has room for it.
    passed: Option<Box<Passed>>,
    phase: Arc<PhaseGuard>,
}

/// A prelude that is over.
#[derive(Debug)]
struct Passed {
    /// Client and server, by the prelude's word.
    said: Option<(Address, Address)>,
    /// What was read behind it.
    heard: Bytes,
}

impl Stream {
    fn new(kind: Kind<Tcp, Unix>, first: Phase, metrics: &Arc<Metrics>) -> Self {
        let phase = Arc::new(PhaseGuard::accepted(metrics, first));
        Self { kind, passed: None, phase }
    }
}

impl Transport for Stream {
    const WATCHES: bool = Tcp::WATCHES;

    fn left(&self, half_close: bool) -> impl Future<Output = ()> + Send + 'static {
        match &self.kind {
            Kind::Tcp(stream) => Either::Left(stream.left(half_close)),
            Kind::Unix(stream) => Either::Right(stream.left(half_close)),
        }
    }

    fn reset(&self) {
        match &self.kind {
            Kind::Tcp(stream) => stream.reset(),
            Kind::Unix(stream) => stream.reset(),
        }
    }

    fn addresses(&self) -> (Option<Address>, Option<Address>) {
        let said = self.passed.as_ref().and_then(|passed| passed.said.as_ref());
        match (said, &self.kind) {
            (Some((client, server)), _) => (Some(client.clone()), Some(server.clone())),
            (None, Kind::Tcp(stream)) => stream.addresses(),
            (None, Kind::Unix(stream)) => stream.addresses(),
        }
    }

    fn idle(&self) -> impl Fn(bool) + Send + Sync + 'static {
        let phase = Arc::clone(&self.phase);
        move |idle| phase.enter(if idle { Phase::Idle } else { Phase::Active })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(passed) = &mut this.passed
            && !passed.heard.is_empty()
        {
            let count = passed.heard.len().min(buf.remaining());
            buf.put_slice(&passed.heard.split_to(count));
            return Poll::Ready(Ok(()));
        }
        let polled = match &mut this.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Kind::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        if polled.is_ready() {
            this.phase.heard();
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Kind::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Kind::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Kind::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Kind::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
