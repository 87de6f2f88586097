//! The protocol half: bytes in, events out, and back.

use proptest::prelude::*;
use wsgi::Headers;
use wsgi::protocol::{Connection, Event, Framing, Limits, Phase, Refusal, Version, events_of};

fn events(bytes: &[u8]) -> Vec<Result<Event, Refusal>> {
    events_of([bytes], Limits::default())
}

/// The refusal that ends the conversation, if one does.
fn refusal(bytes: &[u8], limits: Limits) -> Option<Refusal> {
    events_of([bytes], limits).pop().and_then(Result::err)
}

/// A head with these lines after the request line and `Host`.
fn post(fields: &str) -> String {
    format!("POST /guests HTTP/1.1\r\nHost: crabs\r\n{fields}\r\n")
}

const SEVERAL: &[u8] = b"POST /guests HTTP/1.1\r\nHost: crabs\r\nContent-Length: 11\r\n\r\nname=Judit!\
\r\nPOST /guests HTTP/1.1\r\nHost: crabs\r\nTransfer-Encoding: chunked\r\n\r\n5;why=not\r\nname=\r\n6 ;x\r\nFerris\r\n0\r\nX-Tide: low\r\n\r\n\
GET /crabs/fiddler?wave=1 HTTP/1.0\r\n\r\n";

#[test]
fn requests_sent_ahead_come_out_one_after_the_other() {
    let said: Vec<String> = events(SEVERAL)
        .into_iter()
        .map(|event| match event.expect("these requests are well formed") {
            Event::Head(head) => {
                format!("{} {} {}", head.method, head.target, head.version.as_str())
            }
            Event::Body(body) => String::from_utf8(body).unwrap(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        said,
        [
            "POST /guests HTTP/1.1",
            "name=Judit!",
            "End",
            "POST /guests HTTP/1.1",
            "name=Ferris",
            "End",
            "GET /crabs/fiddler?wave=1 HTTP/1.0",
            "End"
        ]
    );
}

#[test]
fn where_the_bytes_are_cut_changes_nothing() {
    let whole = events(SEVERAL);
    for split in proctor::splits(SEVERAL) {
        let pieces: Vec<&[u8]> = (&split).into_iter().collect();
        assert_eq!(events_of(pieces, Limits::default()), whole, "cut as {split}");
    }
}

#[test]
fn a_body_is_handed_out_as_it_arrives() {
    let mut connection = Connection::new(Limits::default());
    connection.feed(post("Content-Length: 8\r\n").as_bytes());
    assert!(matches!(connection.next_event(), Ok(Event::Head(_))));
    assert_eq!(connection.next_event(), Ok(Event::NeedInput));
    assert_eq!(connection.phase(), Phase::Body);
    connection.feed(b"cra");
    assert_eq!(connection.next_event(), Ok(Event::Body(b"cra".to_vec())));
    assert_eq!(connection.next_event(), Ok(Event::NeedInput));
    connection.feed(b"bsoupGET /");
    assert_eq!(connection.next_event(), Ok(Event::Body(b"bsoup".to_vec())));
    assert_eq!(connection.next_event(), Ok(Event::End));
    assert_eq!(
        connection.next_event(),
        Ok(Event::End),
        "End is said until the next request is asked for"
    );
    assert_eq!(connection.buffered(), 5, "what was sent ahead waits");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_malformed_request_is_refused_with_its_status() {
    let get = |rest: &str| format!("GET / HTTP/1.1\r\n{rest}\r\n");
    let cases: Vec<(&str, String, Refusal)> = vec![
        ("TLS spoken to a plain port", "\u{16}\u{3}\u{1}".into(), Refusal::NotHttp(0x16)),
        ("no version", "GET /\r\n\r\n".into(), Refusal::RequestLine),
        ("two spaces", "GET  / HTTP/1.1\r\nHost: c\r\n\r\n".into(), Refusal::RequestLine),
        (
            "something after the version",
            "GET / HTTP/1.1 x\r\nHost: c\r\n\r\n".into(),
            Refusal::RequestLine,
        ),
        (
            "two empty lines in front",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: c\r\n\r\n".into(),
            Refusal::RequestLine,
        ),
        ("HTTP/2", "GET / HTTP/2.0\r\nHost: c\r\n\r\n".into(), Refusal::Version),
        ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: c\r\n\r\n".into(), Refusal::Version),
        ("lower-case protocol", "GET / http/1.1\r\nHost: c\r\n\r\n".into(), Refusal::RequestLine),
        ("tunnel", "CONNECT crabs:443 HTTP/1.1\r\nHost: crabs\r\n\r\n".into(), Refusal::Connect),
        (
            "fragment",
            "GET /#claw HTTP/1.1\r\nHost: c\r\n\r\n".into(),
            Refusal::Target("a fragment is never sent"),
        ),
        (
            "raw UTF-8 in the target",
            "GET /crabs/é HTTP/1.1\r\nHost: c\r\n\r\n".into(),
            Refusal::Target("expected visible ASCII; other bytes are percent-encoded"),
        ),
        (
            "star with GET",
            "GET * HTTP/1.1\r\nHost: c\r\n\r\n".into(),
            Refusal::Target("* goes with OPTIONS alone"),
        ),
        (
            "a name and a password in the target",
            "GET http://me:secret@crabs/ HTTP/1.1\r\nHost: c\r\n\r\n".into(),
            Refusal::Target("expected HOST or HOST:PORT after the scheme"),
        ),
        (
            "LF alone after the request line",
            "GET / HTTP/1.1\nHost: c\r\n\r\n".into(),
            Refusal::LineEnd,
        ),
        (
            "LF alone after a header",
            "GET / HTTP/1.1\r\nHost: c\nA: b\r\n\r\n".into(),
            Refusal::LineEnd,
        ),
        ("LF alone as the empty line", "GET / HTTP/1.1\r\nHost: c\r\n\n".into(), Refusal::LineEnd),
        ("CR inside a value", get("Host: c\r\nA: b\rC: d\r\n"), Refusal::LineEnd),
        ("obs-fold", get("Host: c\r\nA: b\r\n  c\r\n"), Refusal::Fold),
        ("obs-fold before any header", get(" Host: c\r\n"), Refusal::Fold),
        (
            "space before the colon",
            get("Host: c\r\nContent-Length : 5\r\n"),
            Refusal::SpaceBeforeColon,
        ),
        ("tab before the colon", get("Host: c\r\nA\t: 5\r\n"), Refusal::SpaceBeforeColon),
        ("no colon", get("Host: c\r\nCrab\r\n"), Refusal::Header),
        ("no name", get("Host: c\r\n: crab\r\n"), Refusal::Header),
        ("NUL in a value", get("Host: c\r\nA: \0\r\n"), Refusal::Header),
        ("no Host", get(""), Refusal::Host),
        ("two Hosts", get("Host: a\r\nHost: a\r\n"), Refusal::Host),
        ("a Host with a path", get("Host: a/b\r\n"), Refusal::Host),
        (
            "both lengths",
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            Refusal::BothLengths,
        ),
        (
            "both lengths, the other way round",
            post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
            Refusal::BothLengths,
        ),
        ("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n"), Refusal::ContentLength),
        (
            "the same length twice",
            post("Content-Length: 5\r\nContent-Length: 5\r\n"),
            Refusal::ContentLength,
        ),
        ("a list of lengths", post("Content-Length: 5, 5\r\n"), Refusal::ContentLength),
        ("a signed length", post("Content-Length: +5\r\n"), Refusal::ContentLength),
        ("a negative length", post("Content-Length: -5\r\n"), Refusal::ContentLength),
        ("a hexadecimal length", post("Content-Length: 0x5\r\n"), Refusal::ContentLength),
        ("an empty length", post("Content-Length:\r\n"), Refusal::ContentLength),
        (
            "a length beyond 64 bits",
            post("Content-Length: 99999999999999999999\r\n"),
            Refusal::BodyTooLarge,
        ),
        ("an empty coding", post("Transfer-Encoding:\r\n"), Refusal::TransferEncoding),
        (
            "chunked twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            Refusal::TransferEncoding,
        ),
        (
            "chunked not last",
            post("Transfer-Encoding: chunked, gzip\r\n"),
            Refusal::TransferEncoding,
        ),
        (
            "a coding with a disguise",
            post("Transfer-Encoding: xchunked\r\n"),
            Refusal::TransferEncoding,
        ),
        (
            "another coding first",
            post("Transfer-Encoding: gzip, chunked\r\n"),
            Refusal::UnknownCoding,
        ),
        (
            "chunked in HTTP/1.0",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            Refusal::TransferEncoding,
        ),
        ("another expectation", post("Expect: a miracle\r\n"), Refusal::Expectation),
        ("the client leaves in the head", "GET / HT".into(), Refusal::Truncated),
        (
            "the client leaves in the body",
            post("Content-Length: 5\r\n") + "crab",
            Refusal::Truncated,
        ),
    ];
    for (what, bytes, expected) in cases {
        for split in proctor::splits(&bytes) {
            let pieces: Vec<&[u8]> = (&split).into_iter().collect();
            let last = events_of(pieces, Limits::default()).pop().and_then(Result::err);
            assert_eq!(last.as_ref(), Some(&expected), "{what}: {split}");
        }
    }
}

#[test]
fn every_malformed_chunk_is_refused() {
    let size = "expected its size in hexadecimal digits";
    let end = "its data does not end where its size says";
    let line = "a line does not end in CR LF";
    for (chunks, expected) in [
        ("\r\ncrab", Refusal::Chunk(size)),
        ("crab\r\n", Refusal::Chunk(size)),
        ("0x4\r\ncrab\r\n", Refusal::Chunk(size)),
        ("+4\r\ncrab\r\n", Refusal::Chunk(size)),
        ("-4\r\ncrab\r\n", Refusal::Chunk(size)),
        ("4 \r\ncrab\r\n", Refusal::Chunk(size)),
        (" 4\r\ncrab\r\n", Refusal::Chunk(size)),
        ("4_0\r\ncrab\r\n", Refusal::Chunk(size)),
        (";ext\r\ncrab\r\n", Refusal::Chunk(size)),
        ("10000000000000004\r\ncrab\r\n", Refusal::Chunk(size)),
        ("4\ncrab\r\n", Refusal::Chunk(line)),
        ("4;a\rb\r\ncrab\r\n", Refusal::Chunk(line)),
        ("4;a\u{0}\r\ncrab\r\n", Refusal::Chunk("a control character in its extension")),
        ("4\r\ncrabs\r\n", Refusal::Chunk(end)),
        ("4\r\ncrab\n0\r\n\r\n", Refusal::Chunk(end)),
        ("5\r\ncrab\r\n0\r\n\r\n", Refusal::Chunk(end)),
        ("0\r\nX-Tide low\r\n\r\n", Refusal::Header),
        ("0\r\nX-Tide : low\r\n\r\n", Refusal::Header),
        ("0\r\n X-Tide: low\r\n\r\n", Refusal::Header),
        ("0\r\n\n", Refusal::Chunk(line)),
        ("4\r\ncrab\r\n0\r\n", Refusal::Truncated),
        ("4\r\ncrab\r\n", Refusal::Truncated),
        ("ffffffffffffffff\r\n", Refusal::BodyTooLarge),
    ] {
        let bytes = post("Transfer-Encoding: chunked\r\n") + chunks;
        for split in proctor::splits(&bytes) {
            let pieces: Vec<&[u8]> = (&split).into_iter().collect();
            let last = events_of(pieces, Limits::default()).pop().and_then(Result::err);
            assert_eq!(last.as_ref(), Some(&expected), "{split}");
        }
    }
}

#[test]
fn limits_hold_to_the_byte() {
    let limits = Limits { request_line: 20, head: 60, headers: 3, body: 5, chunk_line: 8 };
    let refused = |bytes: &str| refusal(bytes.as_bytes(), limits.clone());
    assert_eq!(refused("GET /12345 HTTP/1.1\r\nHost: c\r\n\r\n"), None, "19 bytes of request line");
    assert_eq!(
        refused("GET /123456 HTTP/1.1\r\nHost: c\r\n\r\n"),
        None,
        "20 bytes of request line"
    );
    assert_eq!(
        refused("GET /1234567 HTTP/1.1\r\nHost: c\r\n\r\n"),
        Some(Refusal::RequestLineTooLong)
    );
    assert_eq!(
        refused(&"G".repeat(23)),
        Some(Refusal::RequestLineTooLong),
        "no need to wait for its end"
    );

    let padded =
        |length: usize| format!("GET / HTTP/1.1\r\nHost: c\r\nA: {}\r\n\r\n", "a".repeat(length));
    assert_eq!(padded(28).len(), 60);
    assert_eq!(refused(&padded(28)), None, "60 bytes of head");
    assert_eq!(refused(&padded(29)), Some(Refusal::HeadTooLarge));
    assert_eq!(refused("GET / HTTP/1.1\r\nHost: c\r\nA: 1\r\nB: 2\r\n\r\n"), None, "three headers");
    assert_eq!(
        refused("GET / HTTP/1.1\r\nHost: c\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"),
        Some(Refusal::HeadTooLarge)
    );

    let length =
        |length: u32| format!("PUT / HTTP/1.1\r\nHost: c\r\nContent-Length: {length}\r\n\r\n12345");
    assert_eq!(refused(&length(5)), None, "5 bytes of body");
    assert_eq!(
        events_of([length(6).as_bytes()], limits.clone()),
        [Err(Refusal::BodyTooLarge)],
        "refused at the head, before the client sends it"
    );

    let chunks = |chunks: &str| {
        format!("PUT / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding:chunked\r\n\r\n{chunks}0\r\n\r\n")
    };
    assert_eq!(refused(&chunks("3\r\nabc\r\n2\r\nde\r\n")), None, "5 bytes in two chunks");
    assert_eq!(refused(&chunks("3\r\nabc\r\n3\r\ndef\r\n")), Some(Refusal::BodyTooLarge));
    assert_eq!(refused(&chunks("3;234567\r\nabc\r\n")), None, "8 bytes of chunk line");
    assert_eq!(
        refused(&chunks("3;2345678\r\nabc\r\n")),
        Some(Refusal::Chunk("its size line is too long"))
    );
    assert_eq!(
        refused(&format!(
            "PUT / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding:chunked\r\n\r\n0\r\n{}",
            "a".repeat(99)
        )),
        Some(Refusal::HeadTooLarge),
        "trailers are bounded too"
    );
}

fn head_of(bytes: &str) -> wsgi::protocol::Head {
    match events(bytes.as_bytes()).remove(0) {
        Ok(Event::Head(head)) => head,
        other => panic!("expected a head, got {other:?}"),
    }
}

#[test]
fn the_head_says_what_a_server_must_know() {
    let head = head_of("OPTIONS * HTTP/1.1\r\nHOST: crabs:80\r\nX-A: 1\r\nx-a:\t2 \r\n\r\n");
    assert_eq!((head.method.as_str(), head.target.as_str()), ("OPTIONS", "*"));
    let headers: Vec<(&str, &[u8])> = head.headers.iter().collect();
    assert_eq!(headers, [("host", b"crabs:80".as_slice()), ("x-a", b"1"), ("x-a", b"2")]);
    assert_eq!(head.framing, Framing::Empty);

    let head = head_of("GET HTTP://crabs:81?tide=high HTTP/1.1\r\nHost: elsewhere\r\n\r\n");
    assert_eq!(head.target, "/?tide=high", "an absolute target is taken apart");
    assert_eq!(head.headers.get("host"), Some("crabs:81"), "and its host counts");

    assert_eq!(head_of(&post("Content-Length: 007\r\n")).framing, Framing::Length(7));
    assert_eq!(head_of(&post("Transfer-Encoding: Chunked\r\n")).framing, Framing::Chunked);
    assert_eq!(
        head_of("\r\nGET / HTTP/1.0\r\n\r\n").version,
        Version::Http10,
        "one empty line in front is forgiven"
    );
}

#[test]
fn keep_alive_is_what_version_and_connection_header_say() {
    let stays = |version: &str, connection: &str| {
        head_of(&format!("GET / HTTP/{version}\r\nHost: c\r\n{connection}\r\n")).keep_alive
    };
    assert!(stays("1.1", ""));
    assert!(!stays("1.1", "Connection: Close\r\n"));
    assert!(!stays("1.1", "Connection: x-tide, close\r\n"));
    assert!(!stays("1.0", ""));
    assert!(stays("1.0", "Connection: Keep-Alive\r\n"));
}

/// A connection that has read one request, and what a response of these parts looks like on it.
fn respond(request: &str, status: &str, headers: &Headers, parts: &[&str]) -> (String, bool) {
    let mut connection = Connection::new(Limits::default());
    connection.feed(request.as_bytes());
    assert!(matches!(connection.next_event(), Ok(Event::Head(_))));
    while !matches!(connection.next_event(), Ok(Event::End | Event::NeedInput)) {}
    let mut out = Vec::new();
    connection.start(status, headers, &mut out).unwrap();
    for part in parts {
        connection.part(part.as_bytes(), &mut out).unwrap();
    }
    connection.finish(&mut out).unwrap();
    (String::from_utf8(out).unwrap(), connection.next_request())
}

const GET: &str = "GET / HTTP/1.1\r\nHost: c\r\n\r\n";
const GET_10: &str = "GET / HTTP/1.0\r\n\r\n";

#[test]
fn a_response_of_known_length_says_its_length() {
    let length = [("Content-Length", "4")].into();
    let (out, stays) = respond(GET, "200 OK", &length, &["cr", "", "ab"]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ncrab");
    assert!(stays);
}

#[test]
fn a_response_of_unknown_length_goes_out_in_chunks_and_an_empty_part_does_not_end_it() {
    let (out, stays) = respond(GET, "200 OK", &Headers::new(), &["cr", "", "abs and clams"]);
    assert_eq!(
        out,
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\ncr\r\nd\r\nabs and clams\r\n0\r\n\r\n"
    );
    assert!(stays);
}

#[test]
fn to_an_old_client_a_response_of_unknown_length_ends_with_the_connection() {
    let request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let (out, stays) = respond(request, "200 OK", &Headers::new(), &["crab"]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ncrab");
    assert!(!stays);
    let length = [("Content-Length", "4")].into();
    let (out, stays) = respond(request, "200 OK", &length, &["crab"]);
    assert!(out.contains("connection: keep-alive\r\n"), "{out}");
    assert!(stays);
    assert!(!respond(GET_10, "200 OK", &length, &["crab"]).1);
}

#[test]
fn head_and_statuses_without_a_body_have_none() {
    let length = [("Content-Length", "4")].into();
    let (out, stays) = respond("HEAD / HTTP/1.1\r\nHost: c\r\n\r\n", "200 OK", &length, &["crab"]);
    assert_eq!(out, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    assert!(stays, "a HEAD may be followed by another request");
    for status in ["204 No Content", "304 Not Modified"] {
        let (out, stays) = respond(GET, status, &Headers::new(), &["crab"]);
        assert_eq!(out, format!("HTTP/1.1 {status}\r\n\r\n"));
        assert!(stays);
    }
}

#[test]
fn what_the_body_does_not_keep_of_its_announced_length_ends_the_connection() {
    for (parts, complaint) in [
        (["cra", "bs"], "the body is longer than the Content-Length that was announced"),
        (["c", "r"], "the body ended 2 bytes before the Content-Length that was announced"),
    ] {
        let mut connection = Connection::new(Limits::default());
        connection.feed(GET.as_bytes());
        assert!(matches!(connection.next_event(), Ok(Event::Head(_))));
        let mut out = Vec::new();
        connection.start("200 OK", &[("content-length", "4")].into(), &mut out).unwrap();
        let all = parts
            .iter()
            .try_for_each(|part| connection.part(part.as_bytes(), &mut out))
            .and_then(|()| connection.finish(&mut out));
        assert_eq!(all.unwrap_err().to_string(), complaint);
        assert!(!connection.next_request());
    }
}

#[test]
fn continue_is_said_once_and_only_while_the_client_waits_for_it() {
    let request = post("Content-Length: 4\r\nExpect: 100-Continue\r\n");
    let mut connection = Connection::new(Limits::default());
    connection.feed(request.as_bytes());
    assert!(matches!(connection.next_event(), Ok(Event::Head(_))));
    assert!(connection.continue_owed());
    let mut out = Vec::new();
    connection.ask_for_body(&mut out);
    connection.ask_for_body(&mut out);
    assert_eq!(out, b"HTTP/1.1 100 Continue\r\n\r\n");

    let mut impatient = Connection::new(Limits::default());
    impatient.feed(format!("{request}crab").as_bytes());
    assert!(matches!(impatient.next_event(), Ok(Event::Head(_))));
    assert!(matches!(impatient.next_event(), Ok(Event::Body(_))));
    let mut out = Vec::new();
    impatient.ask_for_body(&mut out);
    assert_eq!(out, b"", "the body is on its way already");

    let mut refused = Connection::new(Limits::default());
    refused.feed(request.as_bytes());
    assert!(matches!(refused.next_event(), Ok(Event::Head(_))));
    let mut out = Vec::new();
    refused.plain("403 Forbidden", "No.", &mut out);
    assert!(String::from_utf8(out).unwrap().contains("connection: close\r\n"));
    assert!(!refused.next_request(), "nobody knows whether the body will come");

    let old = head_of("POST / HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    assert!(!old.expects_continue);
}

#[test]
fn a_refusal_is_a_whole_response_that_ends_the_connection() {
    let mut connection = Connection::new(Limits::default());
    connection.feed(b"GET / HTTP/3.0\r\n\r\n");
    let refusal = connection.next_event().unwrap_err();
    let mut out = Vec::new();
    connection.refuse(&refusal, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 41\r\n\
         connection: close\r\n\r\nthis server speaks HTTP/1.0 and HTTP/1.1\n"
    );
    assert!(!connection.next_request());
    connection.feed(GET.as_bytes());
    assert_eq!(
        connection.next_event(),
        Err(refusal),
        "nothing after a refused request is believed"
    );
}

/// Pieces of requests, good and bad, out of which random ones are made.
fn fragments() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => Just(b"GET / HTTP/1.1\r\nHost: c\r\n\r\n".to_vec()),
        3 => Just(b"POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 3\r\n\r\nabc".to_vec()),
        3 => Just(b"POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
        2 => Just(b"3\r\nabc\r\n".to_vec()),
        2 => Just(b"0\r\n\r\n".to_vec()),
        1 => Just(b"HEAD /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"\n".to_vec()),
        1 => Just(b"A: b\r\n".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_any_bytes_gives_the_same_events(
        fragments in prop::collection::vec(fragments(), 0..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let bytes = fragments.concat();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.push(bytes.len());
        places.sort_unstable();
        let mut from = 0;
        let mut pieces = Vec::new();
        for to in places {
            pieces.push(&bytes[from..to]);
            from = to;
        }
        let limits = Limits { request_line: 40, head: 90, headers: 4, body: 8, chunk_line: 6 };
        prop_assert_eq!(events_of(pieces, limits.clone()), events_of([bytes.as_slice()], limits));
    }

    #[test]
    fn what_goes_out_in_chunks_comes_in_again(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)) {
        let mut sender = Connection::new(Limits::default());
        sender.feed(GET.as_bytes());
        sender.next_event().unwrap();
        let mut out = Vec::new();
        sender.start("200 OK", &Headers::new(), &mut out).unwrap();
        for part in &parts {
            sender.part(part, &mut out).unwrap();
        }
        sender.finish(&mut out).unwrap();
        let start = out.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let request = [post("Transfer-Encoding: chunked\r\n").as_bytes(), &out[start..]].concat();
        let heard: Vec<u8> = events(&request)
            .into_iter()
            .filter_map(|event| match event { Ok(Event::Body(body)) => Some(body), _ => None })
            .flatten()
            .collect();
        prop_assert_eq!(heard, parts.concat());
    }
}
