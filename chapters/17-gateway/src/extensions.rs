//! What a server offers beyond the core of ASGI: the extensions, TLS, and the news of a shutdown.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

/// An optional event that a server may understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extension {
    /// `http.response.pathsend`: the server sends a file by its path.
    PathSend,
    /// `http.response.zerocopysend`: the server sends from an open file.
    ZeroCopySend,
    /// `http.response.early_hint`: 103 before the response.
    EarlyHint,
    /// `http.response.trailers`: fields after the body. Offered only where the client sent `TE: trailers`.
    Trailers,
    /// `http.response.push`. No server that is built on this crate offers it: browsers have taken HTTP/2's push out.
    Push,
    /// `websocket.http.response`: a handshake is refused with a whole response.
    WebSocketResponse,
}

impl Extension {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PathSend,
        Self::ZeroCopySend,
        Self::EarlyHint,
        Self::Trailers,
        Self::Push,
        Self::WebSocketResponse,
    ];

    /// ASGI's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PathSend => "http.response.pathsend",
            Self::ZeroCopySend => "http.response.zerocopysend",
            Self::EarlyHint => "http.response.early_hint",
            Self::Trailers => "http.response.trailers",
            Self::Push => "http.response.push",
            Self::WebSocketResponse => "websocket.http.response",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The set of extensions that a server offers for one request: the keys of ASGI's `extensions`.
///
/// `tls` is not in the set, because it says something: see [`Connection::tls`](crate::Connection::tls).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions {
    bits: u8,
}

impl Extensions {
    /// None.
    pub const NONE: Self = Self { bits: 0 };

    /// These, and one more.
    pub const fn with(self, extension: Extension) -> Self {
        Self { bits: self.bits | extension.bit() }
    }

    /// These without that one.
    pub const fn without(self, extension: Extension) -> Self {
        Self { bits: self.bits & !extension.bit() }
    }

    /// Whether an extension is among them.
    pub const fn offer(self, extension: Extension) -> bool {
        self.bits & extension.bit() != 0
    }

    /// Those that are offered.
    pub fn iter(self) -> impl Iterator<Item = Extension> {
        Extension::ALL.into_iter().filter(move |&extension| self.offer(extension))
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter().map(Extension::name)).finish()
    }
}

/// What TLS agreed on: ASGI's `tls` extension, version 0.2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// `tls_version`: the protocol's number, `0x0304` for TLS 1.3.
    pub version: Option<u16>,
    /// `cipher_suite`: the number from IANA's registry.
    pub cipher_suite: Option<u16>,
    /// `server_cert`: the server's certificate, in PEM.
    pub server_certificate: Option<String>,
    /// `client_cert_chain`: the client's certificates, in PEM, its own first. Empty if it showed none.
    pub client_certificates: Vec<String>,
    /// `client_cert_name`: the subject of the client's certificate, as RFC 4514 writes it.
    pub client_name: Option<String>,
    /// `client_cert_error`: why the client's certificate was not accepted, where a server lets such a client in.
    pub client_error: Option<String>,
    /// The protocol that ALPN chose, `h2` for one. Not in ASGI.
    pub alpn: Option<Bytes>,
}

/// The news that the server is going down, for applications that would otherwise never end: an event stream, for one.
///
/// ASGI has nothing like it. It is in every scope, and costs nothing where nobody asks.
/// A clone listens to the same server.
///
/// ```
/// # async fn feed(shutdown: gateway::Shutdown) {
/// loop {
///     tokio::select! {
///         () = shutdown.begun() => break, // and end the stream properly
///         () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {} // and send the next reading
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Shutdown {
    begun: Arc<watch::Sender<bool>>,
}

impl Shutdown {
    /// A server that stays up until [`begin`](Self::begin) is called.
    pub fn new() -> Self {
        Self { begun: Arc::new(watch::Sender::new(false)) }
    }

    /// Spreads the news. This is the server's to call. Once is enough.
    pub fn begin(&self) {
        self.begun.send_replace(true);
    }

    /// Whether the server is going down.
    pub fn has_begun(&self) -> bool {
        *self.begun.borrow()
    }

    /// Waits until the server goes down; returns at once if it does already.
    ///
    /// Cancellation safe: nothing is lost when this is dropped.
    pub async fn begun(&self) {
        // It cannot fail: the sender lives as long as `self`.
        let _ = self.begun.subscribe().wait_for(|begun| *begun).await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}
