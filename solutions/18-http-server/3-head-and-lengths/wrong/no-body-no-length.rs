//! A length is looked at where there is a body.
//!
//! caught by: a_length_that_is_not_one_number_is_refused

use gateway::{RequestHead, ResponseBody, ResponseStart};
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, Method, StatusCode, Version};

/// Why an event cannot go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The status is one of an interim response, and the response itself is still to come.
    Interim,
    /// The `content-length` is not one number, or has no place here.
    BadLength,
    /// With this part, the body is longer than its `content-length`.
    TooLong,
    /// With this last part, the body is shorter than its `content-length`.
    TooShort,
}

/// What becomes of the connection after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// The next request may come.
    KeepAlive,
    /// It is closed.
    Close,
}
/// How the client finds the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// The status says that there is no body.
    Bodiless,
    /// So many bytes are left.
    Length(u64),
    /// By the chunk of size 0.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// What is the connection's and not the response's.
const OURS: [HeaderName; 5] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TRANSFER_ENCODING,
    UPGRADE,
];

/// A response on its way.
#[derive(Debug)]
pub struct Encoder {
    framing: Framing,
    /// The request was a HEAD.
    head_only: bool,
    keep_alive: bool,
    complete: bool,
}

impl Encoder {
    /// Writes the head, and the first part of the body.
    ///
    /// # Errors
    ///
    /// If one of them cannot go out. Then nothing was written.
    pub fn begin(
        request: &RequestHead,
        start: &ResponseStart,
        first: &ResponseBody,
        out: &mut Vec<u8>,
    ) -> Result<Self, Refused> {
        let old = request.version == Version::HTTP_10;
        let framing = framing(start, first, old)?;
        let keep_alive = framing != Framing::UntilClose && wants_to_stay(request, old);
        let head_only = request.method == Method::HEAD;
        let mut encoder = Self { framing, head_only, keep_alive, complete: false };
        let mut body = Vec::new();
        encoder.part(first, &mut body)?;

        line(out, "HTTP/1.1", start.status.as_str(), start.status.canonical_reason());
        for (name, value) in &start.headers {
            if !OURS.contains(name) {
                field(out, name.as_str(), value.as_bytes());
            }
        }
        match framing {
            Framing::Length(length) if !start.headers.contains_key(CONTENT_LENGTH) => {
                field(out, "content-length", length.to_string().as_bytes());
            }
            Framing::Chunked => field(out, "transfer-encoding", b"chunked"),
            Framing::Bodiless | Framing::Length(_) | Framing::UntilClose => {}
        }
        match (keep_alive, old) {
            (true, true) => field(out, "connection", b"keep-alive"),
            (true, false) => {}
            (false, _) => field(out, "connection", b"close"),
        }
        out.extend_from_slice(b"\r\n");
        out.append(&mut body);
        Ok(encoder)
    }

    /// Writes another part of the body.
    ///
    /// # Errors
    ///
    /// If it cannot go out. Then nothing was written, and nothing has changed.
    pub fn part(&mut self, part: &ResponseBody, out: &mut Vec<u8>) -> Result<(), Refused> {
        let bytes = &part.body;
        match &mut self.framing {
            _ if self.head_only => {}
            Framing::Bodiless => {}
            Framing::Length(left) => {
                let rest = left.checked_sub(bytes.len() as u64).ok_or(Refused::TooLong)?;
                if rest > 0 && !part.more_body {
                    return Err(Refused::TooShort);
                }
                *left = rest;
                out.extend_from_slice(bytes);
            }
            Framing::Chunked => {
                if !bytes.is_empty() {
                    out.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
                    out.extend_from_slice(bytes);
                    out.extend_from_slice(b"\r\n");
                }
                if !part.more_body {
                    out.extend_from_slice(b"0\r\n\r\n");
                }
            }
            Framing::UntilClose => out.extend_from_slice(bytes),
        }
        self.complete = !part.more_body;
        Ok(())
    }

    /// The application has returned, and no part will follow.
    pub fn finish(&self) -> Afterwards {
        if self.keep_alive && self.complete { Afterwards::KeepAlive } else { Afterwards::Close }
    }
}
fn framing(start: &ResponseStart, first: &ResponseBody, old: bool) -> Result<Framing, Refused> {
    if start.status.is_informational() {
        return Err(Refused::Interim);
    }
    if start.status == StatusCode::NOT_MODIFIED {
        return Ok(Framing::Bodiless);
    }
    let length = content_length(&start.headers)?;
    match start.status {
        StatusCode::NO_CONTENT if length.is_some() => return Err(Refused::BadLength),
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => return Ok(Framing::Bodiless),
        _ => {}
    }
    Ok(match length {
        Some(length) => Framing::Length(length),
        None if !first.more_body => Framing::Length(first.body.len() as u64),
        None if old => Framing::UntilClose,
        None => Framing::Chunked,
    })
}

/// The length that the application gives.
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Refused> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    // `parse` would take a plus sign, too.
    let digits = value.as_bytes().iter().all(u8::is_ascii_digit);
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    match length {
        Some(length) if digits && values.next().is_none() => Ok(Some(length)),
        _ => Err(Refused::BadLength),
    }
}

/// Whether the client would like to send another request.
fn wants_to_stay(request: &RequestHead, old: bool) -> bool {
    let says = |word: &str| {
        let values = request.headers.get_all(CONNECTION).iter();
        let mut words = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
        words.any(|said| said.trim().eq_ignore_ascii_case(word))
    };
    !says("close") && (!old || says("keep-alive"))
}

fn line(out: &mut Vec<u8>, version: &str, status: &str, reason: Option<&str>) {
    let reason = reason.unwrap_or_default();
    out.extend_from_slice(format!("{version} {status} {reason}\r\n").as_bytes());
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
