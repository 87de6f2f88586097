//! The scanner alone: verdicts, boundaries, and that it does not matter how the bytes are cut.

use http_server::scan::{Limits, Phase, Refusal, Scanner};
use proctor::expect_eq;
use proptest::prelude::*;

const LIMITS: Limits = Limits { bytes: 200, fields: 5 };

/// The verdict: heads that passed, and the refusal, and the phase at the end.
fn verdict<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (u64, Option<Refusal>, Phase) {
    let mut scanner = Scanner::new(LIMITS);
    for part in parts {
        let passed = scanner.scan(part);
        if scanner.refusal().is_none() {
            assert_eq!(passed, part.len(), "all passes that is not refused");
        } else {
            assert!(passed < part.len(), "something is held back");
            break;
        }
    }
    (scanner.heads(), scanner.refusal(), scanner.phase())
}

fn one(bytes: &str) -> (u64, Option<Refusal>, Phase) {
    verdict([bytes.as_bytes()])
}

#[test]
fn it_follows_the_boundaries_of_messages() {
    let messages = "GET / HTTP/1.1\r\nhost: a\r\n\r\n\
        POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET \
        POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n4;a=\"b\"\r\n\r\n\r\n\r\n0a \r\n0123456789\r\n0\r\nx: y\r\n\r\n\
        \r\nGET / HTTP/1.0\r\n\r\n";
    expect_eq!(one(messages), (4, None, Phase::Idle), "the verdict");
}

#[test]
fn it_says_where_in_a_message_the_stream_stands() {
    for (bytes, heads, phase) in [
        ("", 0, Phase::Idle),
        ("\r", 0, Phase::Head),
        ("\r\n", 0, Phase::Idle),
        ("G", 0, Phase::Head),
        ("GET / HTTP/1.1\r\n", 0, Phase::Head),
        ("P / HTTP/1.1\r\ncontent-length: 1\r\n\r\n", 1, Phase::Body),
        ("P / HTTP/1.1\r\ncontent-length: 1\r\n\r\nx", 1, Phase::Idle),
        ("P / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", 1, Phase::Body),
    ] {
        expect_eq!(one(bytes), (heads, None, phase), "after {bytes:?}");
    }
}

#[test]
fn it_holds_back_the_end_of_what_it_refuses() {
    let mut scanner = Scanner::new(LIMITS);
    let bytes = b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET /# HTTP/1.1\r\n\r\n";
    let passed = scanner.scan(bytes);
    expect_eq!(&bytes[passed..], b"\n\r\n", "what is held back");
    expect_eq!(scanner.scan(b"more"), 0, "what passes afterwards");
}

#[test]
fn limits_are_counted_exactly() {
    let line = |length: usize| format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(length - 18));
    expect_eq!(one(&line(200)).1, None, "a head of 200 bytes");
    expect_eq!(one(&line(201)).1, Some(Refusal::HeadTooLong), "one of 201");
    let fields = "host: a\r\naccept: */*\r\n\r\n";
    let known = |length: usize| {
        let target = "x".repeat(length - 16 - fields.len());
        one(&format!("GET / HTTP/1.1\r\n{fields}GET /{target} HTTP/1.1\r\n{fields}"))
    };
    expect_eq!(known(200), (2, None, Phase::Idle), "one of 200 behind another with its fields");
    expect_eq!(known(201).1, Some(Refusal::HeadTooLong), "one of 201 behind another");
    let fields = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "x: 1\r\n".repeat(count));
    expect_eq!(one(&fields(5)).1, None, "five fields");
    expect_eq!(one(&fields(6)).1, Some(Refusal::TooManyFields), "six");
    let trailers = |count: usize| {
        format!(
            "P / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n{}\r\n",
            "x: 1\r\n".repeat(count)
        )
    };
    expect_eq!(one(&trailers(5)).1, None, "five trailers");
    expect_eq!(one(&trailers(6)).1, Some(Refusal::TooManyFields), "six trailers");
    expect_eq!(one("\r\n\r\n").1, Some(Refusal::EmptyLines), "empty lines");
}

/// Pieces of which requests are made, sound and broken.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("GET / HTTP/1.1\r\n".to_owned()),
        Just("GET /#a HTTP/1.1\r\n".to_owned()),
        Just("GET http://a HTTP/1.0\r\n".to_owned()),
        Just("content-length: 4\r\n".to_owned()),
        Just("transfer-encoding: chunked\r\n".to_owned()),
        Just("host: a\r\n".to_owned()),
        Just("host: a\n".to_owned()),
        Just(" folded\r\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("4\r\ncrab\r\n".to_owned()),
        Just("4;a=b\r\ncrab\r\n".to_owned()),
        Just("0\r\n\r\n".to_owned()),
        Just("crab".to_owned()),
        "[ -~\r\n\t\u{1}]{0,12}",
    ]
}

fn requests() -> impl Strategy<Value = String> {
    let request = prop_oneof![
        Just("GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        Just("P / HTTP/1.1\r\ncontent-length: 4\r\n\r\ncrab".to_owned()),
        Just("P / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4\r\ncrab\r\n0\r\n\r\n".to_owned()),
        prop::collection::vec(piece(), 0..6).prop_map(|pieces| pieces.concat()),
    ];
    prop::collection::vec(request, 0..5).prop_map(|requests| requests.concat())
}

proptest! {
    #[test]
    fn any_split_into_reads_gives_the_same_verdict(
        bytes in requests(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes = bytes.as_bytes();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let parts = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).filter(|part| !part.is_empty());
        let whole = verdict([bytes]);
        prop_assert_eq!(verdict(parts), whole);
        prop_assert_eq!(verdict(bytes.chunks(1)), whole);
    }
}
