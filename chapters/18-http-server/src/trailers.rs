//! Trailers: which of them a response may have.
//!
//! A client learns from the `trailer` field of the head what will come behind the body (RFC 9110, section 6.6.2), and hyper sends
//! no others. When the head goes out the server does not know what the application will send, so it is the application that announces.
//! What would be dropped without a word is an error out of `send` here.

use gateway::{SendError, Violation};
use http::{HeaderMap, HeaderName, header};

/// The names that a response has announced.
#[derive(Debug)]
pub(crate) struct Announced {
    names: Vec<HeaderName>,
}

impl Announced {
    /// What such a head announces.
    pub(crate) fn by(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::TRAILER).iter();
        let items = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
        let names = items.filter_map(|item| HeaderName::from_bytes(item.trim_ascii()).ok());
        Self { names: names.collect() }
    }

    /// Whether these may come. Where no trailers are due at all, the rules say so.
    pub(crate) fn check(&self, trailers: &HeaderMap) -> Result<(), SendError> {
        let refused = |name: &HeaderName, why| {
            let why = format!("{name} {why}");
            Err(Violation::Trailers(why).into())
        };
        for name in trailers.keys() {
            if is_forbidden(name) {
                return refused(name, "belongs into the head");
            }
            if !self.names.contains(name) {
                return refused(name, "is not announced in the response's trailer field");
            }
        }
        Ok(())
    }
}

/// Whether a field must not be a trailer, as a recipient must know it before the body.
pub fn is_forbidden(name: &HeaderName) -> bool {
    FORBIDDEN.contains(name)
}

/// What a recipient must know before the body (RFC 9110, section 6.5.1), as hyper has it.
const FORBIDDEN: [HeaderName; 12] = [
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::HOST,
    header::MAX_FORWARDS,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
];
