//! How an HTTP request becomes a WebSocket (RFC 6455, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONNECTION, HeaderName, UPGRADE};
use http::header::{SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use sha1::{Digest, Sha1};

/// A client's wish, found in order.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// What `sec-websocket-accept` has to say.
    pub accept: HeaderValue,
    /// The subprotocols that the client speaks, those it likes best first.
    pub subprotocols: Vec<String>,
}

/// Why a request does not become a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Only GET asks for a WebSocket.
    #[error("a WebSocket is asked for with GET")]
    Method,
    /// HTTP/1.0 knows no upgrade.
    #[error("a WebSocket needs HTTP/1.1")]
    Http,
    /// `connection` does not name the upgrade.
    #[error("the header connection must name upgrade")]
    Connection,
    /// Another version than 13.
    #[error("only version 13 of the WebSocket protocol is spoken here")]
    Version,
    /// The key is missing, repeated, or not 16 bytes in base64.
    #[error("the header sec-websocket-key must have 16 bytes in base64")]
    Key,
}

impl Refusal {
    /// The status of the response that says so. With 426 goes `sec-websocket-version: 13` (section 4.4).
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Http | Self::Connection | Self::Key => StatusCode::BAD_REQUEST,
        }
    }
}

/// Whether a request asks for a WebSocket at all. If so, [`check`] says whether it does so rightly.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    has_token(headers, &UPGRADE, "websocket")
}

/// Looks at a request that asks for a WebSocket over HTTP/1.1.
///
/// # Errors
///
/// What is missing or wrong.
pub fn check(method: &Method, version: Version, headers: &HeaderMap) -> Result<Handshake, Refusal> {
    if method != Method::GET {
        return Err(Refusal::Method);
    }
    if version < Version::HTTP_11 {
        return Err(Refusal::Http);
    }
    if !has_token(headers, &CONNECTION, "upgrade") {
        return Err(Refusal::Connection);
    }
    if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::Version);
    }
    let key = only(headers, &SEC_WEBSOCKET_KEY).ok_or(Refusal::Key)?;
    if STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16) {
        let accept = HeaderValue::from_str(&accept(key)).map_err(|_| Refusal::Key)?;
        Ok(Handshake { accept, subprotocols: subprotocols(headers) })
    } else {
        Err(Refusal::Key)
    }
}

/// Looks at an extended CONNECT of HTTP/2 that asks for a WebSocket (RFC 8441, section 5). It has no key: a proxy of HTTP/1.1 cannot take it for something else.
/// Returns the subprotocols.
///
/// # Errors
///
/// What is missing or wrong.
pub fn check_extended(headers: &HeaderMap) -> Result<Vec<String>, Refusal> {
    if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::Version);
    }
    Ok(subprotocols(headers))
}

/// What a server answers to a key, so that the client knows it was understood (section 4.2.2).
///
/// ```
/// // The example of the RFC, section 1.3.
/// let accept = websockets::handshake::accept("dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept(key: &str) -> String {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// The subprotocols that the client names, in its order.
pub fn subprotocols(headers: &HeaderMap) -> Vec<String> {
    items(headers, &SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect()
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    items(headers, name).any(|item| item.eq_ignore_ascii_case(token))
}

fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?.to_str().ok()?.trim();
    values.next().is_none().then_some(value)
}
