//! What a call is about: [`Scope`], ASGI's first argument.
//!
//! A request's method, target and headers are the types of the crate `http`, moved here from where the protocol server parsed them.
//! What ASGI has in another shape (the decoded path, the query as bytes) is a view that is made when it is asked for.
//!
//! Scopes are moved about a lot, from the server through middleware into the application's future. So they are small:
//! the request is in one place, a [`RequestHead`], and what is the same for all requests of a connection in another, a [`Connection`].
//! A scope counts references to both, and a clone costs nothing else.
//!
//! It leaves out parsing: of queries, cookies, forms. That is a framework's work.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri, Version};

use crate::extensions::{Extensions, Shutdown, Tls};
use crate::state::{LifespanState, State};

/// The version of ASGI that is followed: `asgi["version"]`.
pub const ASGI_VERSION: &str = "3.0";

/// The version of ASGI's HTTP and WebSocket specification that is followed: `asgi["spec_version"]` of such a scope.
pub const SPEC_VERSION: &str = "2.5";

/// The version of ASGI's lifespan specification that is followed: `asgi["spec_version"]` of a lifespan scope.
pub const LIFESPAN_SPEC_VERSION: &str = "2.0";

// ANCHOR: scope
/// What a call is about.
#[derive(Debug, Clone)]
pub enum Scope {
    /// One request and its response.
    Http(HttpScope),
    /// One WebSocket.
    WebSocket(WebSocketScope),
    /// One server process: its start and its end.
    Lifespan(LifespanScope),
}
// ANCHOR_END: scope

impl Scope {
    /// ASGI's `type`: `http`, `websocket` or `lifespan`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::WebSocket(_) => "websocket",
            Self::Lifespan(_) => "lifespan",
        }
    }

    /// The error with which an application declines a kind of call that it does not speak.
    ///
    /// For lifespan, a server takes it as the answer "I have none", and serves the application without.
    pub fn unsupported(&self) -> UnsupportedScope {
        UnsupportedScope { kind: self.kind() }
    }
}

impl From<HttpScope> for Scope {
    fn from(scope: HttpScope) -> Self {
        Self::Http(scope)
    }
}

impl From<WebSocketScope> for Scope {
    fn from(scope: WebSocketScope) -> Self {
        Self::WebSocket(scope)
    }
}

impl From<LifespanScope> for Scope {
    fn from(scope: LifespanScope) -> Self {
        Self::Lifespan(scope)
    }
}

/// An application was called for something that it does not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this application does not speak {kind}")]
pub struct UnsupportedScope {
    /// ASGI's name of the scope's type.
    pub kind: &'static str,
}

/// The scope of a request: ASGI's `http`. What came with the request is in its [`head`](Self::head), and can be asked for here:
/// `scope.method`, `scope.headers`, `scope.path()`.
#[derive(Debug, Clone)]
pub struct HttpScope {
    /// What came with the request.
    pub head: Arc<RequestHead>,
    /// What lifespan stored, and middleware added to this request.
    pub state: State,
    /// The optional events that the server understands.
    pub extensions: Extensions,
    /// What all requests of the connection share.
    pub connection: Arc<Connection>,
}

/// The scope of a WebSocket: ASGI's `websocket`. What came with the handshake is in its [`head`](Self::head), and can be asked for here.
#[derive(Debug, Clone)]
pub struct WebSocketScope {
    /// What came with the handshake. Its method is not in ASGI, and depends on the version of HTTP.
    pub head: Arc<RequestHead>,
    /// The protocols that the client offers, the one it likes best first.
    pub subprotocols: Vec<String>,
    /// What lifespan stored, and middleware added to this call.
    pub state: State,
    /// The optional events that the server understands.
    pub extensions: Extensions,
    /// What all that goes over the connection shares.
    pub connection: Arc<Connection>,
}

/// What came with a request: all but its body.
///
/// Middleware that rewrites a request changes it by `Arc::make_mut`, which copies it.
#[derive(Debug, Clone, Default)]
pub struct RequestHead {
    /// The version of HTTP. [`http_version`](Self::http_version) is ASGI's text.
    pub version: Version,
    /// The method, as sent; methods are case-sensitive, and those that there are are upper case.
    pub method: Method,
    /// The target. ASGI's `path`, `raw_path` and `query_string` are views of it.
    pub uri: Uri,
    /// The fields of the request: names in lower case, duplicates kept, in order for each name.
    ///
    /// The order between names is lost, which RFC 9110 allows and Python's list of pairs keeps.
    pub headers: HeaderMap,
}

impl RequestHead {
    /// ASGI's `http_version`: `1.0`, `1.1` or `2`.
    pub fn http_version(&self) -> &'static str {
        match self.version {
            Version::HTTP_09 => "0.9",
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            Version::HTTP_3 => "3",
            _ => "1.1",
        }
    }

    /// ASGI's `path`: percent-decoded, and decoded as UTF-8. It includes the connection's `root_path`.
    ///
    /// What is not UTF-8 becomes U+FFFD, and `%` without two hexadecimal digits stays, as in Python's servers.
    /// So two targets can have one path: `%2F` is a slash here. Where that matters, ask [`raw_path`](Self::raw_path).
    ///
    /// Copied only if there is something to decode.
    pub fn path(&self) -> Cow<'_, str> {
        percent_decode(self.uri.path())
    }

    /// ASGI's `raw_path`: the bytes as sent, without the query.
    pub fn raw_path(&self) -> &[u8] {
        self.uri.path().as_bytes()
    }

    /// ASGI's `query_string`: what follows the first `?`, still encoded; empty if nothing does.
    pub fn query_string(&self) -> &[u8] {
        self.uri.query().unwrap_or_default().as_bytes()
    }

    /// The value of the first field of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Where a protocol server keeps the head of a connection's present request: one place for one request after the other.
///
/// Only if something has kept the scope of an earlier request is a new place made.
#[derive(Debug, Default)]
pub struct HeadPlace {
    head: Arc<RequestHead>,
}

impl HeadPlace {
    /// A place with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the head of the next request in the place of the last one's.
    #[inline]
    pub fn put(&mut self, head: RequestHead) -> Arc<RequestHead> {
        match Arc::get_mut(&mut self.head) {
            Some(place) => *place = head,
            None => self.head = Arc::new(head),
        }
        Arc::clone(&self.head)
    }

    /// Lets go of the last request: for a connection that may be idle for long.
    pub fn clear(&mut self) {
        match Arc::get_mut(&mut self.head) {
            Some(place) => *place = RequestHead::default(),
            None => self.head = Arc::default(),
        }
    }
}

/// The scope of a server process: ASGI's `lifespan`.
#[derive(Debug, Clone, Default)]
pub struct LifespanScope {
    /// Where the application stores what its other calls are to find.
    pub state: LifespanState,
}

/// What is the same for all requests of a connection.
///
/// Middleware that knows better (behind a proxy, or mounted under a path) changes it by `Arc::make_mut`, for one request,
/// which copies it.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// How the request came.
    pub encrypted: bool,
    /// Who is asking.
    pub client: Option<Address>,
    /// What the client connected to.
    pub server: Option<Address>,
    /// The path under which the application is mounted: empty, or begins with `/` and ends without. Percent-decoded.
    pub root_path: String,
    /// What TLS agreed on, where the server says.
    pub tls: Option<Arc<Tls>>,
    /// The news that the server is going down: a clone of what the server has.
    pub shutdown: Shutdown,
}

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An Internet address and a port.
    Ip(SocketAddr),
    /// A Unix socket, and its path if it has one.
    Unix(Option<PathBuf>),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

/// `127.0.0.1:8000`, or the path, or `unix`.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(formatter),
            Self::Unix(Some(path)) => path.display().fmt(formatter),
            Self::Unix(None) => formatter.write_str("unix"),
        }
    }
}

/// What requests and WebSockets have in common.
macro_rules! views {
    ($scope:ty, $plain:literal, $encrypted:literal) => {
        impl $scope {
            /// ASGI's `scheme`.
            pub fn scheme(&self) -> &'static str {
                if self.connection.encrypted { $encrypted } else { $plain }
            }

            /// ASGI's `root_path`: the path under which the application is mounted.
            pub fn root_path(&self) -> &str {
                &self.connection.root_path
            }

            /// ASGI's `client`.
            pub fn client(&self) -> Option<&Address> {
                self.connection.client.as_ref()
            }

            /// ASGI's `server`.
            pub fn server(&self) -> Option<&Address> {
                self.connection.server.as_ref()
            }

            /// ASGI's extension `tls`.
            pub fn tls(&self) -> Option<&Tls> {
                self.connection.tls.as_deref()
            }

            /// The news that the server is going down, to be listened to while the call lasts.
            pub fn shutdown(&self) -> Shutdown {
                self.connection.shutdown.clone()
            }
        }

        impl Deref for $scope {
            type Target = RequestHead;

            fn deref(&self) -> &RequestHead {
                &self.head
            }
        }
    };
}

views!(HttpScope, "http", "https");
views!(WebSocketScope, "ws", "wss");

/// Decodes `%41` to `A`, once. Broken escapes stay, and bytes that are not UTF-8 become U+FFFD.
pub(crate) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        let escaped = (byte == b'%').then(|| Some(digit(0)? * 16 + digit(1)?)).flatten();
        match escaped.and_then(|value| u8::try_from(value).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = &after[2..];
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        .into()
}
