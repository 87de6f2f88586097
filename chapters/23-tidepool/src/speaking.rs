//! What is spoken on a connection: whether TLS is first, and which HTTP is next.
//!
//! The protocols are [`http2_and_tls`]'s and [`http_server`]'s. What is here is which of them the options allow, and that handshakes are counted.

use std::sync::Arc;

use futures_util::future::Either;
use gateway::App;
use http_server::{Serve, Transport};
use http2_and_tls::{Tls, TlsError};

use crate::cli::{Http, Options};
use crate::metrics::Metrics;
use crate::settings;

/// Reads the certificate and what goes with it, if there is TLS. Blocks.
///
/// # Errors
///
/// What is wrong with which file, and which option names it.
pub(crate) fn certificates(options: &Options) -> Result<Option<Tls>, String> {
    settings::tls(options).map(Tls::load).transpose().map_err(|error| advice(&error))
}

fn advice(error: &TlsError) -> String {
    match error {
        TlsError::NoPassword { .. } => {
            format!(
                "{error}: by TIDEPOOL_SSL_KEYFILE_PASSWORD, for one (see --ssl-keyfile-password)"
            )
        }
        TlsError::NoKey { .. } => format!("{error} (see --ssl-keyfile)"),
        TlsError::Mismatch { .. } | TlsError::Pair { .. } => {
            format!("{error} (see --ssl-certfile and --ssl-keyfile)")
        }
        TlsError::Authority { .. } => format!("{error} (see --ssl-ca-certs)"),
        _ => format!("TLS cannot be served: {error}"),
    }
}

/// Reads certificate and key again, for the connections to come. Blocks.
pub(crate) fn renew(tls: &Tls) {
    match tls.reload() {
        Ok(()) => tracing::info!("SIGHUP: certificate and key are read again"),
        Err(error) => tracing::error!("SIGHUP: {}; the old ones stay", advice(&error)),
    }
}

/// A server of what the options allow.
pub(crate) struct Speaking<A> {
    server: http2_and_tls::Server<A>,
    http: Http,
    tls: Option<Tls>,
    metrics: Arc<Metrics>,
}

impl<A> Clone for Speaking<A> {
    fn clone(&self) -> Self {
        Self {
            server: self.server.clone(),
            http: self.http,
            tls: self.tls.clone(),
            metrics: Arc::clone(&self.metrics),
        }
    }
}

impl<A: App + 'static> Speaking<A> {
    pub(crate) fn new(
        http: http_server::Server<A>,
        options: &Options,
        tls: Option<Tls>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let server = http2_and_tls::Server::on(http, settings::http2(options));
        Self { server, http: options.listening.http, tls, metrics }
    }

    // ANCHOR: shake
    /// A connection that begins with a handshake.
    async fn secure<S: Transport>(&self, tls: &Tls, stream: S) {
        let (client, _) = stream.addresses();
        let stream = match Box::pin(self.server.secure(tls, stream)).await {
            Ok(stream) => stream,
            Err(error) => {
                self.metrics.handshake(false);
                // Scanners fail all day, and each has been told why.
                let client = client.map_or("somewhere".to_owned(), |client| client.to_string());
                tracing::debug!("the TLS handshake with {client} failed: {error}");
                return;
            }
        };
        self.metrics.handshake(true);
        stream.idle()(true);
        if self.http == Http::H2 {
            // Also with one who does not know ALPN: it is refused in the protocol's own words.
            Box::pin(self.server.serve_http2(stream)).await;
        } else {
            self.server.serve_secure(stream).await;
        }
    }
    // ANCHOR_END: shake
}

impl<A: App + 'static> Serve for Speaking<A> {
    type App = A;

    fn http(&self) -> &http_server::Server<A> {
        self.server.http()
    }

    // ANCHOR: drive
    fn drive<S: Transport>(
        &self,
        stream: S,
        permit: impl Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        match (&self.tls, self.http) {
            (None, Http::Auto) => Either::Left(self.server.drive(stream, permit)),
            (None, Http::H1) => Either::Right(Either::Left(self.http().drive(stream, permit))),
            // In a box: a connection's future is as large as the largest of these.
            _ => {
                let this = self.clone();
                Either::Right(Either::Right(Box::pin(async move {
                    match &this.tls {
                        Some(tls) => this.secure(tls, stream).await,
                        None => this.server.serve_http2(stream).await,
                    }
                    drop(permit);
                })))
            }
        }
    }
    // ANCHOR_END: drive
}
