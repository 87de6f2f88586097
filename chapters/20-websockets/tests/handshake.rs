//! From a request to a WebSocket.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use websockets::handshake::{Refusal, check, is_asked_for};

const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let fields = fields.iter();
    fields
        .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

fn good() -> HeaderMap {
    headers(&[
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        KEY,
    ])
}

fn refused(headers: &HeaderMap) -> Option<Refusal> {
    check(&Method::GET, Version::HTTP_11, headers).err()
}

#[test]
fn the_example_of_the_rfc_is_answered() {
    let mut headers = good();
    headers.append("sec-websocket-protocol", HeaderValue::from_static("chat, superchat"));
    headers.append("sec-websocket-protocol", HeaderValue::from_static("crab"));
    assert!(is_asked_for(&headers));
    let handshake = check(&Method::GET, Version::HTTP_11, &headers).expect("it is in order");
    assert_eq!(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(handshake.subprotocols, ["chat", "superchat", "crab"]);
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let without = |name: &str| {
        let mut headers = good();
        headers.remove(name);
        headers
    };
    let with = |name: &'static str, value: &'static str| {
        let mut headers = good();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    };
    assert!(!is_asked_for(&without("upgrade")));
    assert!(!is_asked_for(&with("upgrade", "h2c")));
    assert_eq!(refused(&without("connection")), Some(Refusal::Connection));
    assert_eq!(refused(&with("connection", "keep-alive")), Some(Refusal::Connection));
    assert_eq!(refused(&without("sec-websocket-version")), Some(Refusal::Version));
    assert_eq!(refused(&with("sec-websocket-version", "8")), Some(Refusal::Version));
    assert_eq!(refused(&without(KEY.0)), Some(Refusal::Key));
    for value in ["", "crab", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZWJi"] {
        assert_eq!(refused(&with(KEY.0, value)), Some(Refusal::Key), "{value:?}");
    }
    let mut twice = good();
    twice.append(KEY.0, HeaderValue::from_static(KEY.1));
    assert_eq!(refused(&twice), Some(Refusal::Key));
    let post = check(&Method::POST, Version::HTTP_11, &good()).err();
    assert_eq!(post.map(Refusal::status), Some(StatusCode::METHOD_NOT_ALLOWED));
    let old = check(&Method::GET, Version::HTTP_10, &good()).err();
    assert_eq!(old, Some(Refusal::Http));
    assert_eq!(Refusal::Version.status(), StatusCode::UPGRADE_REQUIRED);
}
