//! TLS, by rustls: what a connection agrees on, who the client is, and certificates that are replaced while the server runs.
//!
//! The cryptography is the crate `ring`: it is built with a C compiler and nothing else, where rustls's default (`aws-lc-rs`) takes several times as long
//! and on some systems needs more tools. What that default has beyond it is key exchange that withstands quantum computers.
//!
//! It leaves out who makes certificates and renews them, and revocation lists.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gateway::Address;
use http_server::Transport;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem};
use tokio_rustls::rustls::server::{
    NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier,
};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::pem::{LineEnding, encode_string};

pub use crate::pem::Password;
use crate::pem::{certificates, key};

/// Whether clients show a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Clients {
    /// They are not asked.
    #[default]
    NotAsked,
    /// They are asked, and may decline. A certificate that they do show must be one of these authorities': a file of PEM.
    Optional(PathBuf),
    /// Without one they are turned away.
    Required(PathBuf),
}

/// How TLS is set up.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// The server's certificate, and those between it and the authority's, in PEM.
    pub certificates: PathBuf,
    /// Its private key, in PEM. It may be in the certificates' file.
    pub key: PathBuf,
    /// What the key is encrypted with, if it is. Default: `None`.
    pub password: Option<Password>,
    /// Whether clients show a certificate. Default: they are not asked.
    pub clients: Clients,
    /// How long the handshake may take, from the connection on. Default: 10 s.
    pub handshake: Duration,
    /// How many handshakes are under way at a time; more wait for their turn, and that is a part of their time. It bounds what a wave of clients costs,
    /// and makes it cheaper to keep others out: a client that begins and does not go on has a turn for all of `handshake`. `None` is no bound. Default: none.
    pub handshakes: Option<usize>,
    /// Whether a client that comes again may resume its session, which spares both sides the signatures. Default: `true`.
    pub resumption: bool,
    /// Whether HTTP/1.1 is offered. Default: `true`.
    pub http1: bool,
    /// Whether HTTP/2 is offered, before HTTP/1.1. Default: `true`.
    pub http2: bool,
}

impl TlsConfig {
    /// The defaults, with these files.
    pub fn new(certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificates: certificates.into(),
            key: key.into(),
            password: None,
            clients: Clients::default(),
            handshake: Duration::from_secs(10),
            handshakes: None,
            resumption: true,
            http1: true,
            http2: true,
        }
    }
}

/// Why there is no TLS with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no PEM.
    #[error("{} is broken: {source}", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A file has no certificate in it.
    #[error("{}: there is no certificate in it: expected a line -----BEGIN CERTIFICATE-----", path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// A file has no private key in it.
    #[error("{}: there is no private key in it: expected a line -----BEGIN PRIVATE KEY-----", path.display())]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// A key is encrypted.
    #[error("{}: the key is encrypted, and its password is not given", path.display())]
    NoPassword {
        /// Which file.
        path: PathBuf,
    },
    /// A key cannot be decrypted.
    #[error("{}: the key cannot be decrypted with this password: {why}", path.display())]
    Password {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A key is encrypted in a way that only OpenSSL knows.
    #[error("{}: the key is encrypted in OpenSSL's old way; write it in the one that all know, by: openssl pkcs8 -topk8 -in {}", path.display(), path.display())]
    OldEncryption {
        /// Which file.
        path: PathBuf,
    },
    /// A certificate of an authority cannot be used.
    #[error("{}: {source}", path.display())]
    Authority {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: VerifierBuilderError,
    },
    /// The key is not the certificate's.
    #[error("the key in {} is not that of the first certificate in {}: take the one that belongs to it, and let the server's own certificate be the first", key.display(), certificates.display())]
    Mismatch {
        /// The certificate's file.
        certificates: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The certificate or the key cannot be used.
    #[error("{} and {}: {source}", certificates.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificates: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
    /// rustls cannot work so.
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// Certificates that are in use. A clone is the same ones.
#[derive(Clone)]
pub struct Tls {
    config: Arc<TlsConfig>,
    current: Arc<RwLock<Arc<Current>>>,
    handshakes: Arc<Semaphore>,
}

/// What new connections get.
struct Current {
    acceptor: TlsAcceptor,
    /// The server's own certificate, in PEM.
    certificate: String,
}

impl Tls {
    /// Reads the files. Blocks.
    ///
    /// # Errors
    ///
    /// [`TlsError`], which names the file.
    pub fn load(config: TlsConfig) -> Result<Self, TlsError> {
        let current = Arc::new(RwLock::new(Arc::new(Current::load(&config)?)));
        let handshakes = config.handshakes.unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        let handshakes = Arc::new(Semaphore::new(handshakes));
        Ok(Self { config: Arc::new(config), current, handshakes })
    }

    // ANCHOR: reload
    /// Reads the files again. Blocks. Connections that are open stay as they are, and new ones
    /// get what is in the files now.
    ///
    /// Sessions are not resumed across it: a client that comes again sees the new certificate,
    /// and is judged by the new authorities.
    ///
    /// # Errors
    ///
    /// [`TlsError`]; everything stays as it was then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(Current::load(&self.config)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
    // ANCHOR_END: reload

    /// Shakes hands with whoever is on the stream.
    ///
    /// # Errors
    ///
    /// What the handshake says; [`TimedOut`](io::ErrorKind::TimedOut) if it takes too long.
    pub async fn accept<S: Transport>(&self, stream: S) -> io::Result<Secure<S>> {
        let handshake = async {
            // It is never closed, so there is always a permit to come.
            let _permit = self.handshakes.acquire().await.map_err(io::Error::other)?;
            let current = self.current();
            let stream = current.acceptor.accept(stream).await?;
            Ok::<_, io::Error>((stream, current))
        };
        let (stream, current) = timeout(self.config.handshake, handshake).await??;
        let tls = Arc::new(agreed(&stream, &current.certificate));
        Ok(Secure { stream: Box::new(stream), tls })
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Current {
    fn load(config: &TlsConfig) -> Result<Self, TlsError> {
        let chain = certificates(&config.certificates)?;
        let key = key(&config.key, config.password.as_ref())?;
        let certificate = chain.first().map(as_pem).unwrap_or_default();
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &config.clients {
            Clients::NotAsked => builder.with_no_client_auth(),
            Clients::Optional(path) | Clients::Required(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots.add(certificate)?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = match config.clients {
                    Clients::Optional(_) => verifier.allow_unauthenticated(),
                    _ => verifier,
                };
                let verifier = verifier
                    .build()
                    .map_err(|source| TlsError::Authority { path: path.clone(), source })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut tls = builder.with_single_cert(chain, key).map_err(|source| {
            let (certificates, key) = (config.certificates.clone(), config.key.clone());
            match source {
                rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { certificates, key },
                source => TlsError::Pair { certificates, key, source },
            }
        })?;
        if config.resumption {
            // What a session needs is with the client, encrypted: so the server remembers nothing for it.
            tls.ticketer = ring::Ticketer::new()?;
        } else {
            tls.session_storage = Arc::new(NoServerSessionStorage {});
            tls.send_tls13_tickets = 0;
        }
        let offered = [(config.http2, "h2"), (config.http1, "http/1.1")];
        let offered = offered.iter().filter(|(offered, _)| *offered);
        tls.alpn_protocols = offered.map(|(_, name)| name.as_bytes().to_vec()).collect();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(tls)), certificate })
    }
}

/// What a handshake has agreed on, as ASGI's extension has it.
fn agreed<S>(stream: &TlsStream<S>, certificate: &str) -> gateway::Tls {
    let (_, connection) = stream.get_ref();
    let clients = connection.peer_certificates().unwrap_or_default();
    gateway::Tls {
        version: connection.protocol_version().map(u16::from),
        cipher_suite: connection.negotiated_cipher_suite().map(|suite| u16::from(suite.suite())),
        server_certificate: Some(certificate.to_owned()),
        client_certificates: clients.iter().map(as_pem).collect(),
        client_name: clients.first().and_then(subject),
        client_error: None,
        alpn: connection.alpn_protocol().map(Bytes::copy_from_slice),
    }
}

fn as_pem(certificate: &CertificateDer<'_>) -> String {
    // It fails for labels that are none, and for more bytes than there can be.
    encode_string("CERTIFICATE", LineEnding::LF, certificate).unwrap_or_default()
}

/// The subject, as RFC 4514 writes it.
fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate.subject.to_string())
}

/// An encrypted connection.
#[derive(Debug)]
pub struct Secure<S> {
    /// In a box: it is more than a KiB, and goes from one future into the next.
    stream: Box<TlsStream<S>>,
    tls: Arc<gateway::Tls>,
}

impl<S> Secure<S> {
    /// Whether the two have agreed on HTTP/2.
    pub fn speaks_http2(&self) -> bool {
        self.tls.alpn.as_deref() == Some(b"h2")
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secure<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secure<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Transport> Transport for Secure<S> {
    const WATCHES: bool = S::WATCHES;

    fn left(&self, half_close: bool) -> impl Future<Output = ()> + Send + 'static {
        self.stream.get_ref().0.left(half_close)
    }

    fn reset(&self) {
        self.stream.get_ref().0.reset();
    }

    fn addresses(&self) -> (Option<Address>, Option<Address>) {
        self.stream.get_ref().0.addresses()
    }

    fn tls(&self) -> Option<gateway::Tls> {
        Some(gateway::Tls::clone(&self.tls))
    }

    fn idle(&self) -> impl Fn(bool) + Send + Sync + 'static {
        self.stream.get_ref().0.idle()
    }
}
