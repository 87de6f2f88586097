//! Heads, however they arrive.

use request_head::{Head, HeadReader, Refused};

const HEAD: &str = "GET /crabs/hermit HTTP/1.1\r\nHost: crabsarecool.com:8000\r\nAccept:\t text/html, */*  \r\nX-Claw: left\r\nx-claw: right\r\nX-Empty:\r\n\r\n";

fn expected() -> Head {
    let headers = [
        ("host", "crabsarecool.com:8000"),
        ("accept", "text/html, */*"),
        ("x-claw", "left"),
        ("x-claw", "right"),
        ("x-empty", ""),
    ];
    Head {
        method: "GET".into(),
        target: "/crabs/hermit".into(),
        version: "HTTP/1.1".into(),
        headers: headers.map(|(name, value)| (name.into(), value.into())).into(),
    }
}

/// Feeds the pieces until something comes of it; returns that, and the rest.
/// The pieces after the one that completes the head are left out.
fn read<B: AsRef<[u8]>>(
    limit: usize,
    pieces: impl IntoIterator<Item = B>,
) -> (Result<Option<Head>, Refused>, Vec<u8>) {
    let pieces: Vec<Vec<u8>> = pieces.into_iter().map(|piece| piece.as_ref().to_vec()).collect();
    proctor::watch(move || {
        let mut reader = HeadReader::new(limit);
        for piece in pieces {
            match reader.feed(&piece) {
                Ok(None) => {}
                Ok(Some(head)) => return (Ok(Some(head)), reader.rest().to_vec()),
                Err(refused) => return (Err(refused), Vec::new()),
            }
        }
        (Ok(None), Vec::new())
    })
}

#[test]
fn a_whole_head_is_read() {
    proctor::expect_eq!(read(1_000, [HEAD]).0, Ok(Some(expected())), "a head that came whole");
}

#[test]
fn half_a_head_is_no_head_yet() {
    for length in 0..HEAD.len() {
        proctor::expect_eq!(
            read(1_000, [&HEAD[..length]]).0,
            Ok(None),
            "the first {length} of {} bytes were fed, which is no whole head yet",
            HEAD.len()
        );
    }
}

#[test]
fn however_the_head_is_cut() {
    for split in proctor::splits(HEAD) {
        proctor::expect_eq!(
            read(1_000, split.iter()).0,
            Ok(Some(expected())),
            "the head arrived as {split}"
        );
    }
}

#[test]
fn what_comes_after_the_head_is_kept() {
    let body = b"\xff\xfe a body is bytes\r\n\r\nand may look like anything";
    let (head, rest) = read(1_000, [[HEAD.as_bytes(), body].concat()]);
    proctor::expect_eq!(head, Ok(Some(expected())), "a head that came together with a body");
    proctor::expect_eq!(
        rest.escape_ascii().to_string(),
        body.escape_ascii().to_string(),
        "`rest` after a head that came together with a body"
    );
    let (first, last) = HEAD.split_at(HEAD.len() - 1);
    let (_, rest) = read(1_000, [first, &format!("{last}crab")]);
    proctor::expect_eq!(rest, b"crab", "`rest` when the head's last byte came with the body");
    proctor::expect_eq!(read(1_000, [HEAD]).1, b"", "`rest` when nothing came after the head");
}

#[test]
fn a_letter_may_be_cut_in_two() {
    let head = "GET / HTTP/1.1\r\nX-Name: P\u{e9}ter\r\n\r\n";
    for split in proctor::splits(head) {
        match read(1_000, split.iter()).0 {
            Ok(Some(head)) => {
                let expected = [(String::from("x-name"), String::from("P\u{e9}ter"))];
                proctor::expect_eq!(
                    head.headers,
                    expected,
                    "the headers; the head arrived as {split}"
                );
            }
            other => panic!(
                "expected a head with X-Name: P\u{e9}ter, got {other:?}; it arrived as {split}"
            ),
        }
    }
}

#[test]
fn the_limit_is_exact() {
    proctor::expect_eq!(
        read(HEAD.len(), [HEAD]).0,
        Ok(Some(expected())),
        "a head of exactly `limit` bytes is read"
    );
    for split in proctor::splits(HEAD) {
        proctor::expect_eq!(
            read(HEAD.len() - 1, split.iter()).0,
            Err(Refused::TooLarge),
            "the head is one byte longer than the limit; it arrived as {split}"
        );
    }
}

#[test]
fn a_body_does_not_count_against_the_limit() {
    let megabyte = 1024 * 1024;
    let request = HEAD.to_owned() + &"b".repeat(megabyte);
    let (head, rest) = read(HEAD.len(), [&request]);
    proctor::expect_eq!(
        head,
        Ok(Some(expected())),
        "the head is within the limit; what follows it is body"
    );
    proctor::expect_eq!(rest.len(), megabyte, "the length of `rest`");
}

#[test]
fn a_head_without_an_end_is_refused_at_the_limit() {
    let endless = "GET / HTTP/1.1\r\nX-Tide: ".to_owned() + &"high ".repeat(10);
    // After 50 bytes the end can only come too late, so to refuse now is right, and to wait one byte more as well.
    let full = read(50, [&endless[..50]]).0;
    assert!(
        matches!(full, Ok(None) | Err(Refused::TooLarge)),
        "50 bytes of a head with a limit of 50, and no end: expected Ok(None) or Err(TooLarge), got {full:?}"
    );
    proctor::expect_eq!(
        read(50, [&endless[..51]]).0,
        Err(Refused::TooLarge),
        "51 bytes of a head with a limit of 50, and no end: waiting for more means to keep whatever comes"
    );
}

#[test]
fn nothing_but_spaces_and_tabs_is_taken_off_a_value() {
    for value in ["high\u{a0}", "\u{a0}high", "high\u{c}", "\u{b}high", "\u{2003}"] {
        let head = format!("GET / HTTP/1.1\r\nX-Tide: \t{value}\t \r\n\r\n");
        let headers = read(1_000, [&head]).0.map(|head| head.map(|head| head.headers));
        let expected = vec![(String::from("x-tide"), value.to_owned())];
        proctor::expect_eq!(headers, Ok(Some(expected)), "the headers of {head:?}");
    }
}

fn refuses(bad: &str, why: &str) {
    proctor::expect_eq!(read(1_000, [bad]).0, Err(Refused::Malformed), "{why}: {bad:?}");
}

#[test]
fn a_bad_first_line_is_malformed() {
    refuses("GET /\r\nHost: crabs\r\n\r\n", "a version is missing");
    refuses("GET  / HTTP/1.1\r\n\r\n", "two spaces");
    refuses("GET  HTTP/1.1\r\n\r\n", "an empty target");
    refuses("GET / \r\n\r\n", "an empty version");
    refuses("GET\t/ HTTP/1.1\r\n\r\n", "a tab in place of a space");
    refuses("GET /\tHTTP/1.1\r\n\r\n", "a tab in place of a space");
    refuses("GET / HTTP/1.1 \r\n\r\n", "a space at the end");
    refuses(" GET / HTTP/1.1\r\n\r\n", "a space at the beginning");
    refuses("GET / HTTP/1.1 x\r\n\r\n", "four words");
    refuses("\r\n\r\n", "no first line at all");
}

#[test]
fn a_header_without_a_name_or_a_colon_is_malformed() {
    refuses("GET / HTTP/1.1\r\nHost\r\n\r\n", "a colon is missing");
    refuses("GET / HTTP/1.1\r\n: crabs\r\n\r\n", "a name is missing");
}

#[test]
fn a_space_before_the_colon_is_malformed() {
    refuses("GET / HTTP/1.1\r\nContent-Length : 5\r\n\r\n", "a space before the colon");
    refuses("GET / HTTP/1.1\r\nContent-Length\t: 5\r\n\r\n", "a tab before the colon");
    refuses("GET / HTTP/1.1\r\nContent Length: 5\r\n\r\n", "a space in the name");
}

#[test]
fn a_line_that_begins_with_a_space_is_malformed() {
    refuses(
        "GET / HTTP/1.1\r\nX-Tide: high\r\n and: low\r\n\r\n",
        "a value goes on in the next line",
    );
    refuses("GET / HTTP/1.1\r\n\tHost: crabs\r\n\r\n", "a tab before the first header");
}

#[test]
fn half_a_line_break_is_malformed() {
    refuses("GET / HTTP/1.1\r\nX-Tide: high\nX-Claw: left\r\n\r\n", "\\n without \\r");
    refuses("GET / HTTP/1.1\r\nX-Tide: high\rX-Claw: left\r\n\r\n", "\\r without \\n");
    refuses("GET / HTTP/1.1\nX-Claw: left\r\n\r\n", "\\n without \\r after the first line");
}

#[test]
fn bytes_that_are_no_text_are_malformed() {
    proctor::expect_eq!(
        read(1_000, [b"GET / HTTP/1.1\r\nX: \xff\r\n\r\n"]).0,
        Err(Refused::Malformed),
        "a head that is not UTF-8"
    );
}
