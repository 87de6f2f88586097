//! The request as an application sees it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::headers::Headers;
use crate::protocol::{Framing, Head, Refusal, Version};

/// The request as an application sees it: PEP 3333's `environ`, with a field for each key.
///
/// | PEP 3333 | here | what differs |
/// |---|---|---|
/// | `REQUEST_METHOD` | `request_method` | |
/// | `SCRIPT_NAME` | `script_name` | |
/// | `PATH_INFO` | `path_info` | percent-decoded and UTF-8; Python's is a `str` in which every character is a byte |
/// | `QUERY_STRING` | `query_string` | as sent, empty if there is none; Python's key may be missing |
/// | `CONTENT_TYPE` | `content_type` | `None` if absent; Python's key is missing or empty |
/// | `CONTENT_LENGTH` | `content_length` | a number, `None` if unknown; Python's is a `str` to be parsed by each application |
/// | `SERVER_NAME`, `SERVER_PORT` | `server` | one address |
/// | `SERVER_PROTOCOL` | `server_protocol` | an enum of two |
/// | `REMOTE_ADDR`, `REMOTE_PORT` (CGI's) | `client` | one address |
/// | `HTTP_ACCEPT` and all other `HTTP_*` | `headers` | names as on the wire, duplicates kept; Python joins them with commas, and cannot tell `X-A` from `X_A` |
/// | `wsgi.version` | | the version of this crate |
/// | `wsgi.url_scheme` | `url_scheme` | an enum of two |
/// | `wsgi.input` | `input` | `Read`; ends where the body ends, chunked or not, which Python's need not |
/// | `wsgi.errors` | `errors` | `Write` |
/// | `wsgi.multithread` | `multithread` | |
/// | `wsgi.multiprocess` | `multiprocess` | |
/// | `wsgi.run_once` | `run_once` | |
/// | a key of the server's or middleware's own | `extensions` | strings |
/// | `wsgi.file_wrapper` | | optional in PEP 3333 as well; left out |
pub struct Environ {
    /// The method: `GET`.
    pub request_method: String,
    /// The part of the path that led to this application: empty, unless middleware mounts it somewhere.
    pub script_name: String,
    /// The rest of the path, percent-decoded. Empty, `*`, or begins with `/`.
    pub path_info: String,
    /// What follows the target's `?`, still encoded.
    pub query_string: String,
    /// `Content-Type`, if the request has one.
    pub content_type: Option<String>,
    /// How many bytes of body there are, if the client said so: 0 without a body, `None` if it comes in chunks.
    pub content_length: Option<u64>,
    /// The address that the client connected to.
    pub server: SocketAddr,
    /// The version of HTTP that the client speaks.
    pub server_protocol: Version,
    /// Who is asking.
    pub client: SocketAddr,
    /// The request's header fields, names in lower case.
    pub headers: Headers,
    /// Whether the connection is encrypted.
    pub url_scheme: Scheme,
    /// The request's body. It ends where the body ends.
    pub input: Box<dyn Read + Send>,
    /// Where the application may complain.
    pub errors: Box<dyn Write + Send>,
    /// Whether another thread may call the application meanwhile.
    pub multithread: bool,
    /// Whether another process may.
    pub multiprocess: bool,
    /// Whether the server expects to call the application this once.
    pub run_once: bool,
    /// What the server or middleware adds.
    pub extensions: BTreeMap<String, String>,
}

/// How the request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Unencrypted.
    Http,
    /// Over TLS.
    Https,
}

/// What a request's head does not say, and its connection and server know.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// The address that the client connected to.
    pub server: SocketAddr,
    /// Who is asking.
    pub client: SocketAddr,
    /// Whether another thread may call the application meanwhile.
    pub multithread: bool,
    /// Whether another process may.
    pub multiprocess: bool,
}

impl Environ {
    /// The environ of a request.
    ///
    /// # Errors
    ///
    /// [`Refusal::Target`] if the path's percent-encoding is broken or does not decode to UTF-8.
    /// (A Python server passes on the bytes, disguised as Latin-1, and leaves the question to every application.)
    pub fn new(
        head: &Head,
        circumstances: Circumstances,
        input: Box<dyn Read + Send>,
        errors: Box<dyn Write + Send>,
    ) -> Result<Self, Refusal> {
        let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
        Ok(Self {
            request_method: head.method.clone(),
            script_name: String::new(),
            path_info: percent_decode(path)
                .ok_or(Refusal::Target("its percent-encoding is broken, or is not UTF-8"))?,
            query_string: query.to_owned(),
            content_type: head.headers.get("content-type").map(str::to_owned),
            content_length: match head.framing {
                Framing::Empty => Some(0),
                Framing::Length(length) => Some(length),
                Framing::Chunked => None,
            },
            server: circumstances.server,
            server_protocol: head.version,
            client: circumstances.client,
            headers: head.headers.clone(),
            url_scheme: Scheme::Http,
            input,
            errors,
            multithread: circumstances.multithread,
            multiprocess: circumstances.multiprocess,
            run_once: false,
            extensions: BTreeMap::new(),
        })
    }

    /// A request for tests: `GET /path?query` without a body, as from a client on this machine.
    /// (Python has `wsgiref.util.setup_testing_defaults`.)
    ///
    /// # Panics
    ///
    /// If the target's percent-encoding is broken.
    pub fn testing(method: &str, target: &str) -> Self {
        let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
        let head = Head {
            method: method.to_owned(),
            target: target.to_owned(),
            version: Version::Http11,
            headers: [("host", "crabsarecool.com")].into(),
            framing: Framing::Empty,
            keep_alive: true,
            expects_continue: false,
        };
        let circumstances =
            Circumstances { server: here, client: here, multithread: false, multiprocess: false };
        Self::new(&head, circumstances, Box::new(io::empty()), Box::new(io::sink()))
            .expect("a test's target is percent-encoded correctly")
    }

    /// The same request with a body.
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.content_type = Some(content_type.to_owned());
        self.content_length = Some(body.len() as u64);
        self.headers.set("content-type", content_type);
        self.headers.set("content-length", body.len().to_string());
        self.input = Box::new(io::Cursor::new(body));
        self
    }
}

impl fmt::Debug for Environ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Environ")
            .field("request_method", &self.request_method)
            .field("path_info", &self.path_info)
            .field("query_string", &self.query_string)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// Decodes `%41` to `A`; none if an escape is broken or the bytes are not UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
            let value = digit(0)? * 16 + digit(1)?;
            bytes.push(u8::try_from(value).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
