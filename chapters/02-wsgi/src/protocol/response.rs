//! The response: which statuses and headers may go out, and how the body is delimited.

use super::Facts;
use super::head::is_token_byte;
use crate::headers::Headers;

/// Why a response cannot be sent as the application wants it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Not three digits, a space and a reason; or a status below 200, which is the server's business.
    #[error("expected a status like `200 OK`, from 200 to 599, got `{0}`")]
    Status(String),
    /// A header's name is not a token (RFC 9110, section 5.1), or is `Status`, which is CGI's.
    #[error("`{0}` is no name for a header")]
    Name(String),
    /// A value with CR, LF or another control character would let its author write headers, or a whole response.
    #[error("the value of `{0}` holds a control character")]
    Value(String),
    /// A header about the connection, which is the server's (RFC 9110, section 7.6.1; PEP 3333 forbids them too).
    #[error("`{0}` is about the connection, which is the server's business; leave it out")]
    HopByHop(String),
    /// `Content-Length` given twice, or not in digits, or with a status that has no body.
    #[error("expected one Content-Length in decimal digits, on a response that may have a body")]
    Length,
    /// `start_response` was called a second time.
    #[error("the response was started already; start_response is called once")]
    AlreadyStarted,
    /// The head is on the wire, so it can no longer be replaced.
    #[error("the head was sent with the first part; it can no longer be replaced")]
    HeadSent,
    /// A part came before `start_response`.
    #[error("start_response was not called before the first part")]
    NotStarted,
    /// More bytes than `Content-Length` said.
    #[error("the body is longer than the Content-Length that was announced")]
    TooLong,
    /// Fewer bytes than `Content-Length` said.
    #[error("the body ended {0} bytes before the Content-Length that was announced")]
    TooShort(u64),
}

/// RFC 9110, section 7.6.1, with `Keep-Alive` and the two that only proxies use.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Checks what an application wants to send, and returns the length it announces.
///
/// # Errors
///
/// The first rule that is broken.
pub fn check_start(status: &str, headers: &Headers) -> Result<Option<u64>, StartError> {
    let bad_status = || StartError::Status(status.to_owned());
    let (code, reason) = status.split_once(' ').ok_or_else(bad_status)?;
    let digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    if !digits
        || !("200"..="599").contains(&code)
        || !reason.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        return Err(bad_status());
    }
    let mut length = None;
    for (name, value) in headers.iter() {
        if name.is_empty()
            || !name.bytes().all(is_token_byte)
            || name.eq_ignore_ascii_case("status")
        {
            return Err(StartError::Name(name.to_owned()));
        }
        if value.iter().any(|&byte| byte != b'\t' && byte.is_ascii_control()) {
            return Err(StartError::Value(name.to_owned()));
        }
        if HOP_BY_HOP.iter().any(|hop| name.eq_ignore_ascii_case(hop)) {
            return Err(StartError::HopByHop(name.to_owned()));
        }
        if name.eq_ignore_ascii_case("content-length") {
            let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let number =
                str::from_utf8(value).ok().filter(|_| digits).and_then(|value| value.parse().ok());
            if length.is_some() || number.is_none() || code == "204" {
                return Err(StartError::Length);
            }
            length = number;
        }
    }
    Ok(length)
}

/// Where the writing side stands.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// No response was started.
    Waiting,
    /// So many bytes of the announced length are still to come.
    Length(u64),
    /// In chunks.
    Chunked,
    /// Until the connection closes: a 1.0 client knows no other way to learn the end of a body of unknown length.
    UntilClose,
    /// The client knows that no body follows: HEAD, 204, 304.
    Bodiless,
    /// The response is whole.
    Done,
}

/// Appends the head, and says how the body goes out.
pub(super) fn encode_head(
    status: &str,
    headers: &Headers,
    length: Option<u64>,
    facts: &mut Facts,
    out: &mut Vec<u8>,
) -> Outgoing {
    let bodiless_status = status.starts_with("204") || status.starts_with("304");
    let outgoing = match length {
        _ if bodiless_status => Outgoing::Bodiless,
        Some(length) => Outgoing::Length(length),
        None if facts.chunks_understood => Outgoing::Chunked,
        None => Outgoing::UntilClose,
    };
    // To HEAD the head is the same as to GET; only the body is missing (RFC 9110, section 9.3.2).
    if matches!(outgoing, Outgoing::UntilClose) && !facts.head_only {
        facts.keep_alive = false;
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in headers.iter() {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    if matches!(outgoing, Outgoing::Chunked) {
        out.extend_from_slice(b"transfer-encoding: chunked\r\n");
    }
    if !facts.keep_alive {
        out.extend_from_slice(b"connection: close\r\n");
    } else if !facts.chunks_understood {
        out.extend_from_slice(b"connection: keep-alive\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if facts.head_only { Outgoing::Bodiless } else { outgoing }
}

impl Outgoing {
    pub(super) fn part(&mut self, part: &[u8], out: &mut Vec<u8>) -> Result<(), StartError> {
        match self {
            Self::Waiting | Self::Done => return Err(StartError::NotStarted),
            Self::Bodiless => {}
            _ if part.is_empty() => {}
            Self::UntilClose => out.extend_from_slice(part),
            Self::Length(left) => {
                *left = left.checked_sub(part.len() as u64).ok_or(StartError::TooLong)?;
                out.extend_from_slice(part);
            }
            Self::Chunked => {
                out.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                out.extend_from_slice(part);
                out.extend_from_slice(b"\r\n");
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), StartError> {
        match std::mem::replace(self, Self::Done) {
            Self::Waiting => {
                *self = Self::Waiting;
                Err(StartError::NotStarted)
            }
            Self::Length(left) if left > 0 => Err(StartError::TooShort(left)),
            Self::Chunked => {
                out.extend_from_slice(b"0\r\n\r\n");
                Ok(())
            }
            Self::Length(_) | Self::UntilClose | Self::Bodiless | Self::Done => Ok(()),
        }
    }
}
