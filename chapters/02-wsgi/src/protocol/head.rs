//! The head of a request: finding its end, reading it, and deciding how the body is delimited.

use super::{Limits, Refusal};
use crate::headers::Headers;

/// The version of HTTP that the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `HTTP/1.0`
    Http10,
    /// `HTTP/1.1`
    Http11,
}

impl Version {
    /// As it stands in a request line, and in WSGI's `SERVER_PROTOCOL`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

/// How a request's body is delimited (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// `Content-Length`: so many bytes.
    Length(u64),
    /// `Transfer-Encoding: chunked`: chunks, each with its size, up to one of size 0.
    Chunked,
}

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The method, as sent; methods are case-sensitive.
    pub method: String,
    /// The target: a path with an optional query, or `*`. From an absolute target, scheme and host are taken off.
    pub target: String,
    /// The version of HTTP.
    pub version: Version,
    /// The fields in the order they came, names in lower case; `host` is the target's host if the target was absolute.
    pub headers: Headers,
    /// How the body is delimited.
    pub framing: Framing,
    /// Whether the client wants the connection to stay open (RFC 9112, section 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// Looks for the end of a head, going on where it stopped, so that a byte is looked at once however slowly it comes.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Where the request line begins: after one empty line at most (RFC 9112, section 2.2).
    pub(super) start: usize,
    /// How many bytes were looked at.
    seen: usize,
    /// Where the present line begins.
    line: usize,
}

impl Scan {
    /// The index after the empty line that ends the head, if it is there.
    pub(super) fn run(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Refusal> {
        while let Some(&byte) = bytes.get(self.seen) {
            let at = self.seen;
            self.seen += 1;
            let previous = at.checked_sub(1).filter(|_| at > self.line).map(|before| bytes[before]);
            let in_request_line = self.line == self.start;
            if in_request_line && at - self.line >= limits.request_line + 2 {
                return Err(Refusal::RequestLineTooLong);
            }
            if at - self.start >= limits.head {
                return Err(Refusal::HeadTooLarge);
            }
            match byte {
                b'\n' if previous != Some(b'\r') => return Err(Refusal::LineEnd),
                b'\n' if at - self.line > 1 => self.line = self.seen,
                b'\n' if in_request_line && self.start == 0 => {
                    self.start = self.seen;
                    self.line = self.seen;
                }
                b'\n' if in_request_line => return Err(Refusal::RequestLine),
                b'\n' => return Ok(Some(self.seen)),
                _ if previous == Some(b'\r') => return Err(Refusal::LineEnd),
                b' ' | b'\t' if at == self.line && !in_request_line => return Err(Refusal::Fold),
                _ if at == self.line
                    && in_request_line
                    && byte != b'\r'
                    && !is_token_byte(byte) =>
                {
                    return Err(Refusal::NotHttp(byte));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

impl Head {
    /// Reads a whole head, from the request line to the empty line.
    pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        let mut fields = vec![httparse::EMPTY_HEADER; limits.headers];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(Refusal::RequestLine),
            Err(error) => return Err(explain(error, bytes)),
        }
        let (Some(method), Some(target), Some(version)) =
            (request.method, request.path, request.version)
        else {
            return Err(Refusal::RequestLine);
        };
        let version = if version == 1 { Version::Http11 } else { Version::Http10 };
        let mut headers = Headers::new();
        for field in request.headers.iter() {
            headers.push(field.name.to_ascii_lowercase(), field.value);
        }
        let target = target_of(method, target, &mut headers)?;
        check_host(version, &headers)?;
        let framing = framing_of(version, &headers)?;
        if matches!(framing, Framing::Length(length) if length > limits.body) {
            return Err(Refusal::BodyTooLarge);
        }
        let keep_alive = match version {
            Version::Http11 => !headers.lists("connection", "close"),
            Version::Http10 => {
                headers.lists("connection", "keep-alive") && !headers.lists("connection", "close")
            }
        };
        Ok(Self {
            method: method.to_owned(),
            target,
            version,
            expects_continue: expects_continue(version, framing, &headers)?,
            framing,
            keep_alive,
            headers,
        })
    }
}

/// httparse says which part is wrong; the client deserves to be told more.
fn explain(error: httparse::Error, bytes: &[u8]) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal::HeadTooLarge,
        httparse::Error::Version => {
            let line = bytes.split(|&byte| byte == b'\r').next().unwrap_or_default();
            match line.rsplit(|&byte| byte == b' ').next() {
                Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor])
                    if major.is_ascii_digit() && minor.is_ascii_digit() =>
                {
                    Refusal::Version
                }
                _ => Refusal::RequestLine,
            }
        }
        httparse::Error::HeaderName => {
            let spaced = bytes.split(|&byte| byte == b'\n').skip(1).any(|line| {
                let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
                name.len() < line.len() && name.last().is_some_and(|byte| b" \t".contains(byte))
            });
            if spaced { Refusal::SpaceBeforeColon } else { Refusal::Header }
        }
        httparse::Error::HeaderValue => Refusal::Header,
        _ => Refusal::RequestLine,
    }
}

/// The four forms of a target (RFC 9112, section 3.2).
fn target_of(method: &str, target: &str, headers: &mut Headers) -> Result<String, Refusal> {
    if method == "CONNECT" {
        return Err(Refusal::Connect);
    }
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::Target("expected visible ASCII; other bytes are percent-encoded"));
    }
    if target.contains('#') {
        return Err(Refusal::Target("a fragment is never sent"));
    }
    if target.starts_with('/') {
        return Ok(target.to_owned());
    }
    if target == "*" {
        return if method == "OPTIONS" {
            Ok(target.to_owned())
        } else {
            Err(Refusal::Target("* goes with OPTIONS alone"))
        };
    }
    let Some((scheme, rest)) = target.split_once("://") else {
        return Err(Refusal::Target(
            "expected a path such as /crabs, or an absolute http:// address",
        ));
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(Refusal::Target("expected the scheme http or https"));
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if !is_host(authority.as_bytes()) || authority.is_empty() {
        return Err(Refusal::Target("expected HOST or HOST:PORT after the scheme"));
    }
    // RFC 9112, section 3.2.2: the target's host counts, whatever the Host field says.
    if headers.all("host").count() == 1 {
        headers.set("host", authority);
    }
    Ok(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
}

fn check_host(version: Version, headers: &Headers) -> Result<(), Refusal> {
    let mut hosts = headers.all("host");
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host) => Ok(()),
        (None, None) if version == Version::Http10 => Ok(()),
        _ => Err(Refusal::Host),
    }
}

/// The characters of a host and a port, without asking whether it exists. It may be empty (RFC 9112, section 3.2).
fn is_host(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=%:[]".contains(byte))
}

/// RFC 9112, section 6.3, without its lenient alternatives.
fn framing_of(version: Version, headers: &Headers) -> Result<Framing, Refusal> {
    let mut lengths = headers.all("content-length");
    let (length, second_length) = (lengths.next(), lengths.next());
    let mut codings = Vec::new();
    for value in headers.all("transfer-encoding") {
        codings.extend(value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii));
    }
    if !codings.is_empty() {
        if length.is_some() {
            return Err(Refusal::BothLengths);
        }
        let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
        let once_and_last = codings.last().is_some_and(is_chunked)
            && codings.iter().filter(|coding| is_chunked(coding)).count() == 1;
        if version == Version::Http10 || !once_and_last {
            return Err(Refusal::TransferEncoding);
        }
        return if codings.len() == 1 { Ok(Framing::Chunked) } else { Err(Refusal::UnknownCoding) };
    }
    let Some(length) = length else {
        return Ok(Framing::Empty);
    };
    // `5, 5` and `+5` are somebody's idea of 5, and somebody else's idea of an error.
    if second_length.is_some() || length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::ContentLength);
    }
    match str::from_utf8(length).ok().and_then(|digits| digits.parse().ok()) {
        Some(0) => Ok(Framing::Empty),
        Some(length) => Ok(Framing::Length(length)),
        // Digits alone, and too many of them for 64 bits.
        None => Err(Refusal::BodyTooLarge),
    }
}

fn expects_continue(
    version: Version,
    framing: Framing,
    headers: &Headers,
) -> Result<bool, Refusal> {
    let mut expected = false;
    // RFC 9110, section 10.1.1: a 1.0 client cannot mean it.
    if version == Version::Http11 {
        for value in headers.all("expect") {
            if !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refusal::Expectation);
            }
            expected = true;
        }
    }
    Ok(expected && framing != Framing::Empty)
}

/// The bytes of which methods and header names are made (RFC 9110, section 5.6.2).
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
