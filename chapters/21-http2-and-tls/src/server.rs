//! From a listener to connections that choose their protocol, and the end.

use std::fmt;
use std::future::pending;
use std::io;
use std::sync::Arc;

use gateway::App;
use http_server::server::{accept, serve_until};
use http_server::{Config, Connections, Listener, Serve, Transport};
use tokio::time::{Instant, sleep_until};

use crate::choose::{Protocol, Rewind, choose};
use crate::config::Http2;
use crate::connection::drive;
use crate::tls::{Secure, Tls};

/// A server of one application over HTTP/1.1 and HTTP/2. A clone is the same server.
pub struct Server<A> {
    http: http_server::Server<A>,
    http2: Arc<Http2>,
    tls: Option<Tls>,
}

impl<A> Clone for Server<A> {
    fn clone(&self) -> Self {
        Self { http: self.http.clone(), http2: Arc::clone(&self.http2), tls: self.tls.clone() }
    }
}

impl<A> fmt::Debug for Server<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("http", &self.http)
            .field("http2", &self.http2)
            .field("tls", &self.tls)
            .finish()
    }
}

impl<A: App + 'static> Server<A> {
    /// A server whose requests have no state.
    pub fn new(app: A, config: Config, http2: Http2) -> Self {
        Self::on(http_server::Server::new(app, config), http2)
    }

    /// A server of HTTP/1.1 that speaks HTTP/2 as well. The two share the application, its state, and the bound on calls in flight.
    pub fn on(http: http_server::Server<A>, http2: Http2) -> Self {
        Self { http, http2: Arc::new(http2), tls: None }
    }

    /// The same over TLS, and over nothing else.
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The half that speaks HTTP/1.1, and knows what both share.
    pub fn http(&self) -> &http_server::Server<A> {
        &self.http
    }

    /// Serves one connection, until it is closed and no call runs any more. The client chooses the protocol: over TLS by ALPN, else by its first bytes.
    ///
    /// It never fails: what goes wrong ends the connection, and what the application did is reported to [`Config::errors`].
    /// Dropping it closes the connection, and drops the calls.
    pub fn serve_connection<S: Transport>(
        &self,
        stream: S,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.drive(stream, ())
    }

    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn's future has room for its arguments twice"
    )]
    // ANCHOR: connection
    fn serve<S: Transport>(self, stream: S, permit: impl Send) -> impl Future<Output = ()> + Send {
        // The future of a connection is as large as the largest of its steps. So what is soon
        // over is in a box, and HTTP/1.1, whose connections idle most of the time, in none.
        async move {
            if let Some(tls) = &self.tls {
                // A handshake that fails is the client's own affair: it was told why, and
                // scanners fail all day.
                let Ok(stream) = Box::pin(self.secure(tls, stream)).await else { return };
                return self.serve_secure(stream).await;
            }
            match Box::pin(self.choose(stream)).await {
                Some((Protocol::Http1, stream)) => {
                    let (heard, stream) = stream.into_parts();
                    self.http.serve_heard(stream, heard).await;
                }
                Some((Protocol::Http2, stream)) => Box::pin(self.serve_http2(stream)).await,
                None => {}
            }
            drop(permit);
        }
    }

    /// Serves a connection that is encrypted, in the protocol that the two have agreed on.
    pub async fn serve_secure<S: Transport>(&self, stream: Secure<S>) {
        if stream.speaks_http2() {
            Box::pin(self.serve_http2(stream)).await;
        } else {
            self.http.serve_connection(stream).await;
        }
    }
    // ANCHOR_END: connection

    /// Waits for the first bytes, and says what the client speaks.
    async fn choose<S: Transport>(&self, stream: S) -> Option<(Protocol, Rewind<S>)> {
        let config = self.http.config();
        choose(stream, config.first_byte, config.head, self.closing()).await
    }

    /// Shakes hands with whoever is on the stream, unless the server is closing, and has been waiting for it since before that.
    ///
    /// # Errors
    ///
    /// Those of [`Tls::accept`], and [`Interrupted`](io::ErrorKind::Interrupted) at the server's end.
    pub async fn secure<S: Transport>(&self, tls: &Tls, stream: S) -> io::Result<Secure<S>> {
        tokio::select! {
            biased;
            secure = tls.accept(stream) => secure,
            () = self.closing() => Err(io::ErrorKind::Interrupted.into()),
        }
    }

    /// The server's end, for a connection that begins now. What its client has to say may be on its way: so it has [`Config::linger`] in any case.
    fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        let closing = self.http.closing();
        let fresh = Instant::now().checked_add(self.http.config().linger);
        async move {
            closing.begun().await;
            match fresh {
                // In a box, as it is not there before the end.
                Some(until) => Box::pin(sleep_until(until)).await,
                None => pending().await,
            }
        }
    }

    /// Serves one connection on which the client speaks HTTP/2, as it has said before: by ALPN, for one.
    pub async fn serve_http2<S: Transport>(&self, stream: S) {
        drive(stream, self.http.clone(), Arc::clone(&self.http2), self.closing()).await;
    }

    /// Serves whoever connects, each in a task of its own, until `stop` returns; then closes gracefully: connections of HTTP/2 say GOAWAY.
    ///
    /// As [`http_server::server::serve_until`].
    pub async fn serve_until(
        &self,
        listener: impl Listener,
        stop: impl Future<Output = ()>,
    ) -> usize {
        serve_until(self, listener, stop).await
    }

    /// Serves whoever connects, each in a task of its own, for ever. Dropping it closes the listener, and no connection.
    pub async fn accept(&self, listener: impl Listener, connections: &Connections) {
        accept(self, listener, connections).await;
    }
}

impl<A: App + 'static> Serve for Server<A> {
    type App = A;

    fn http(&self) -> &http_server::Server<A> {
        &self.http
    }

    fn drive<S: Transport>(
        &self,
        stream: S,
        permit: impl Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.clone().serve(stream, permit)
    }
}
