//! From a listener to connections that choose their protocol, and the end.

use std::fmt;
use std::sync::Arc;

use gateway::App;
use http_server::server::{accept, serve_until};
use http_server::{Config, Connections, Listener, Serve, Transport};

use crate::choose::{Protocol, choose};
use crate::config::Http2;
use crate::connection::drive;
use crate::tls::Tls;

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
    pub async fn serve_connection<S: Transport>(&self, stream: S) {
        if let Some(tls) = &self.tls {
            // A handshake that fails is the client's own affair: it was told why, and scanners fail all day.
            let Ok(stream) = Box::pin(tls.accept(stream)).await else { return };
            if stream.speaks_http2() {
                Box::pin(self.serve_http2(stream)).await;
            } else {
                Box::pin(self.http.serve_connection(stream)).await;
            }
            return;
        }
        let config = self.http.config();
        let closing = self.http.closing();
        // The future of a connection is as large as the largest of these steps: so they are boxed, and a silent client costs little.
        let chosen = choose(stream, config.first_byte, config.head, &closing).await;
        match chosen {
            Some((Protocol::Http1, stream)) => {
                Box::pin(self.http.serve_connection(stream)).await;
            }
            Some((Protocol::Http2, stream)) => Box::pin(self.serve_http2(stream)).await,
            None => {}
        }
    }

    /// Serves one connection on which the client speaks HTTP/2, as it has said before: by ALPN, for one.
    pub async fn serve_http2<S: Transport>(&self, stream: S) {
        drive(stream, self.http.clone(), Arc::clone(&self.http2)).await;
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
        let server = self.clone();
        async move {
            server.serve_connection(stream).await;
            drop(permit);
        }
    }
}
