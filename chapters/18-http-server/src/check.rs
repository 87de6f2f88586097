//! What is asked of a parsed head, where hyper asks less: who is meant, and by which form of target (RFC 9112, section 3.2; RFC 9110, section 7.2).
//!
//! It is pure. What needs the raw bytes is in [`scan`](crate::scan).

use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header};

/// Why a parsed head is refused: the status, and a line for the client.
pub type Objection = (StatusCode, &'static str);

/// What a client asks for beside the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// `te: trailers`: fields after the body.
    pub trailers: bool,
    /// There is an `upgrade` field: another protocol on this connection.
    pub upgrade: bool,
}

/// What concerns the connection and not the response is the server's (RFC 9110, section 7.6.1): an application's is dropped.
/// `trailer` is left to it: hyper sends no others than it names. These names have 7, 10, 16 or 17 letters.
pub const CONNECTION_FIELDS: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Checks target and host, and says what else the client asks for.
///
/// With an absolute URI as target, its authority becomes the `host`, whatever the client wrote there.
///
/// # Errors
///
/// An [`Objection`].
pub fn check(
    method: &Method,
    uri: &Uri,
    version: Version,
    headers: &mut HeaderMap,
) -> Result<Wants, Objection> {
    let bad = |why| Err((StatusCode::BAD_REQUEST, why));
    if *method == Method::CONNECT {
        return Err((StatusCode::NOT_IMPLEMENTED, "this is no proxy: there is no CONNECT"));
    }
    // A request has few headers: looking at each is quicker than asking the map, which would hash the name.
    let (mut host, mut wants) = (None, Wants::default());
    for (name, value) in &*headers {
        if *name == header::HOST {
            if host.replace(value).is_some() {
                return bad("there are several hosts");
            }
        } else if *name == header::TE {
            wants.trailers |= has_trailers(value.as_bytes());
        } else if *name == header::UPGRADE {
            wants.upgrade = true;
        }
    }
    match host {
        None if version == Version::HTTP_11 => return bad("there is no host"),
        Some(value) if !is_host(value.as_bytes()) => return bad("the host is none"),
        _ => {}
    }
    let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
    if !target.is_ascii() {
        return bad("the target has characters that are not ASCII");
    }
    match (uri.scheme_str(), uri.authority()) {
        (None, None) if target.starts_with('/') => Ok(wants),
        (None, None) if uri.path() == "*" => {
            if *method == Method::OPTIONS {
                Ok(wants)
            } else {
                bad("the target * is for OPTIONS")
            }
        }
        (Some("http" | "https"), Some(authority)) => {
            let authority =
                plain(authority).ok_or((StatusCode::BAD_REQUEST, "the target has userinfo"))?;
            headers.insert(header::HOST, authority);
            Ok(wants)
        }
        (Some(_), _) => bad("the target's scheme is not http"),
        _ => bad("the target is no path"),
    }
}

fn has_trailers(value: &[u8]) -> bool {
    let mut items = value.split(|&byte| byte == b',');
    items.any(|item| item.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

fn plain(authority: &Authority) -> Option<HeaderValue> {
    let text = authority.as_str();
    is_host(text.as_bytes()).then(|| HeaderValue::from_str(text).ok()).flatten()
}

/// The bytes of a registered name: a table, as this is asked for each byte of each request's host.
const NAMED: [bool; 256] = {
    let mut named = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        let mark = matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b'%'
        );
        named[byte as usize] = mark || byte.is_ascii_alphanumeric();
        byte += 1;
    }
    named
};

/// A host and perhaps a port (RFC 3986, section 3.2.2), or nothing at all.
fn is_host(value: &[u8]) -> bool {
    let port = if let [b'[', address @ ..] = value {
        let Some(end) = address.iter().position(|&byte| byte == b']') else { return false };
        let numbered = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
        if end == 0 || !address[..end].iter().all(numbered) {
            return false;
        }
        &address[end + 1..]
    } else {
        let end = value.iter().position(|&byte| !NAMED[usize::from(byte)]);
        &value[end.unwrap_or(value.len())..]
    };
    match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn hosts_are_names_and_addresses_with_or_without_a_port() {
        for host in ["crab", "crab:8000", "127.0.0.1:80", "[::1]", "[::1]:80", "", "crab:"] {
            assert!(is_host(host.as_bytes()), "{host:?} is a host");
        }
        for host in ["a b", "a@b", "a/b", "a:b", "[::1", "[]", "[::1]x", "a:1:2", "a\"", "a,b "] {
            assert!(!is_host(host.as_bytes()), "{host:?} is no host");
        }
    }
}
