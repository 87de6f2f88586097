//! Where a body ends, and who decides.

use body_framing::{BodyReader, Framing, Refused, framing};

/// Feeds the pieces, and returns the body, how many bytes were used, and whether it is done.
fn read<B: AsRef<[u8]>>(
    framing: Framing,
    pieces: impl IntoIterator<Item = B>,
) -> Result<(String, usize, bool), Refused> {
    let pieces: Vec<Vec<u8>> = pieces.into_iter().map(|piece| piece.as_ref().to_vec()).collect();
    proctor::watch(move || {
        let mut reader = BodyReader::new(framing);
        let mut body = Vec::new();
        let mut used = 0;
        for piece in &pieces {
            let count = reader.feed(piece, &mut body)?;
            assert!(
                count == piece.len() || reader.is_done(),
                "`feed` used {count} of {} bytes, {:?}, and the body is not done: the caller would wait for ever",
                piece.len(),
                piece.escape_ascii().to_string()
            );
            used += count;
        }
        Ok((body.escape_ascii().to_string(), used, reader.is_done()))
    })
}

const CRABS: &str = "4\r\nCrab\r\n11\r\ns have ten limbs.\r\n0\r\n\r\n";

#[track_caller]
fn frames(headers: &[(&str, &str)], expected: Framing) {
    proctor::expect_eq!(framing(headers), Ok(expected), "the framing of {headers:?}");
}

#[test]
fn there_are_three_framings() {
    frames(&[("host", "crabs")], Framing::Empty);
    frames(&[("host", "crabs"), ("content-length", "5")], Framing::Length(5));
    frames(&[("transfer-encoding", "chunked"), ("host", "crabs")], Framing::Chunked);
    frames(&[("content-length", "18446744073709551615")], Framing::Length(u64::MAX));
    frames(&[("content-length", "007")], Framing::Length(7));
}

#[test]
fn names_and_codings_have_no_case() {
    frames(&[("Content-LENGTH", "5")], Framing::Length(5));
    frames(&[("Transfer-Encoding", "Chunked")], Framing::Chunked);
}

#[test]
fn a_name_is_compared_whole() {
    for name in [
        "Content-Length ",
        " Content-Length",
        "Content-Length\t",
        "Content_Length",
        "Content-Lengths",
    ] {
        let framing = framing(&[(name, "5")]);
        assert!(
            matches!(framing, Ok(Framing::Empty) | Err(Refused)),
            "{name:?} is not Content-Length: a proxy that does not know it takes the next 5 bytes for a request; got {framing:?}"
        );
    }
    let framing = framing(&[("Transfer_Encoding", "chunked")]);
    assert!(
        matches!(framing, Ok(Framing::Empty) | Err(Refused)),
        "Transfer_Encoding is not Transfer-Encoding; got {framing:?}"
    );
}

#[test]
fn both_lengths_are_refused() {
    let (length, chunked) = (("Content-Length", "5"), ("Transfer-Encoding", "chunked"));
    let why = "a proxy may believe one of them and the server the other";
    proctor::expect_eq!(framing(&[length, chunked]), Err(Refused), "{why}");
    proctor::expect_eq!(framing(&[chunked, ("Host", "crabs"), length]), Err(Refused), "{why}");
}

#[test]
fn either_of_them_twice_is_refused() {
    for (name, first, second) in [
        ("Content-Length", "5", "6"),
        ("Content-Length", "5", "5"),
        ("Transfer-Encoding", "chunked", "chunked"),
        ("Transfer-Encoding", "chunked", "identity"),
        ("Transfer-Encoding", "identity", "chunked"),
    ] {
        proctor::expect_eq!(
            framing(&[(name, first), ("Host", "crabs"), (name, second)]),
            Err(Refused),
            "{name}: {first} and {name}: {second}"
        );
    }
}

#[test]
fn a_length_is_digits_alone() {
    for value in ["", "+5", "-5", "-0", "5, 5", "5,", "0x5", "5 5", "5.0", "5e1", "five", "\u{665}"]
    {
        proctor::expect_eq!(
            framing(&[("Content-Length", value)]),
            Err(Refused),
            "Content-Length: {value}"
        );
    }
}

#[test]
fn a_length_beyond_64_bits_is_refused() {
    let value = "18446744073709551616";
    proctor::expect_eq!(
        framing(&[("Content-Length", value)]),
        Err(Refused),
        "Content-Length: {value}"
    );
}

#[test]
fn a_coding_that_is_not_chunked_alone_is_refused() {
    for value in [
        "",
        "identity",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "xchunked",
        "chunked;q=1",
        "\"chunked\"",
    ] {
        proctor::expect_eq!(
            framing(&[("Transfer-Encoding", value)]),
            Err(Refused),
            "Transfer-Encoding: {value}"
        );
    }
}

#[test]
fn without_a_body_nothing_is_used() {
    for framing in [Framing::Empty, Framing::Length(0)] {
        assert!(BodyReader::new(framing).is_done(), "{framing:?} is done before it begins");
        proctor::expect_eq!(
            read(framing, ["GET / HTTP/1.1"]),
            Ok((String::new(), 0, true)),
            "{framing:?}"
        );
    }
}

#[test]
fn a_known_length_ends_where_it_says() {
    proctor::expect_eq!(
        read(Framing::Length(5), ["crab"]),
        Ok(("crab".into(), 4, false)),
        "body, bytes used and done, of a body of 5 bytes that came as {:?}",
        ["crab"]
    );
    proctor::expect_eq!(
        read(Framing::Length(4), ["crab"]),
        Ok(("crab".into(), 4, true)),
        "body, bytes used and done, of a body of 4 bytes that came as {:?}",
        ["crab"]
    );
    proctor::expect_eq!(
        read(Framing::Length(4), ["cr", "ab"]),
        Ok(("crab".into(), 4, true)),
        "body, bytes used and done, of a body of 4 bytes that came as {:?}",
        ["cr", "ab"]
    );
    proctor::expect_eq!(
        read(Framing::Length(4), ["crabGET / HTTP/1.1"]),
        Ok(("crab".into(), 4, true)),
        "the next request came with the body, and is not part of it"
    );
}

#[test]
fn chunks_are_joined_however_they_are_cut() {
    for split in proctor::splits(CRABS) {
        proctor::expect_eq!(
            read(Framing::Chunked, split.iter()),
            Ok(("Crabs have ten limbs.".into(), CRABS.len(), true)),
            "the chunks arrived as {split}"
        );
    }
}

#[test]
fn a_chunked_body_is_not_done_before_its_last_byte() {
    for length in 0..CRABS.len() {
        match read(Framing::Chunked, [&CRABS[..length]]) {
            Ok((_, used, done)) => proctor::expect_eq!(
                (used, done),
                (length, false),
                "used and done after the first {length} of {} bytes",
                CRABS.len()
            ),
            Err(Refused) => panic!("the first {length} bytes of {CRABS:?} were refused"),
        }
    }
}

#[test]
fn what_follows_a_chunked_body_is_left() {
    let next = "GET /next HTTP/1.1\r\n\r\n";
    let both = format!("{CRABS}{next}");
    for split in proctor::splits(CRABS) {
        let mut pieces: Vec<Vec<u8>> = split.iter().map(|piece| piece.to_vec()).collect();
        pieces.last_mut().unwrap().extend_from_slice(next.as_bytes());
        proctor::expect_eq!(
            read(Framing::Chunked, pieces),
            Ok(("Crabs have ten limbs.".into(), CRABS.len(), true)),
            "fed {both:?}, of which {next:?} is the next request's; the chunks arrived as {split}"
        );
    }
}

#[test]
fn a_chunk_may_hold_what_looks_like_an_end() {
    let data = "\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    let chunks = format!("{:X}\r\n{data}\r\n0\r\n\r\n", data.len());
    proctor::expect_eq!(
        read(Framing::Chunked, [&chunks]),
        Ok((data.as_bytes().escape_ascii().to_string(), chunks.len(), true)),
        "a chunk ends where its size says, whatever is in it"
    );
}

fn refuses(chunks: &str, why: &str) {
    for split in proctor::splits(chunks) {
        proctor::expect_eq!(
            read(Framing::Chunked, split.iter()),
            Err(Refused),
            "{why}; the chunks arrived as {split}"
        );
    }
}

#[test]
fn a_chunk_size_is_hexadecimal_digits_alone() {
    refuses("\r\ncrab\r\n", "no size at all");
    refuses("\r\n\r\n", "no size at all, which is not the size 0");
    refuses("4\r\nCrab\r\n\r\n\r\n", "no size at all after the first chunk");
    refuses("+4\r\ncrab\r\n", "a sign");
    refuses("-4\r\ncrab\r\n", "a sign");
    refuses("0x4\r\ncrab\r\n", "a prefix");
    refuses(" 4\r\ncrab\r\n", "a space in front");
    refuses("4 \r\ncrab\r\n", "a space behind");
    refuses("4;x\r\ncrab\r\n", "an extension");
    refuses("g\r\ncrab\r\n", "no digit");
}

#[test]
fn a_chunk_size_has_eight_digits_at_most() {
    refuses("000000004\r\ncrab\r\n", "nine digits");
    refuses("fffffffffffffffff\r\ncrab\r\n", "seventeen digits");
    proctor::expect_eq!(
        read(Framing::Chunked, ["00000004\r\ncrab\r\n0\r\n\r\n"]),
        Ok(("crab".into(), 21, true)),
        "eight digits"
    );
}

#[test]
fn a_chunk_ends_where_its_size_says() {
    refuses("4\r\ncrabs\r\n", "more data than its size");
    refuses("5\r\ncrab\r\n0\r\n\r\n", "less data than its size");
    refuses("4\r\ncrabXX0\r\n\r\n", "two bytes that are no line break");
}

#[test]
fn half_a_line_break_is_refused() {
    refuses("4\ncrab\r\n", "\\n alone after the size");
    refuses("4\r\ncrab\n0\r\n\r\n", "\\n alone after the data");
    refuses("0\r\n\nGET / HTTP/1.1\r\n\r\n", "\\n alone at the end");
    refuses("0\r\nX-Tide: low\r\n\r\n", "a header at the end");
}

#[test]
fn every_byte_of_a_line_break_counts() {
    let next = "GET / HTTP/1.1\r\n\r\n";
    for (at, byte) in CRABS.bytes().enumerate().filter(|(_, byte)| b"\r\n".contains(byte)) {
        for other in ["X", "0", "\r", "\n"] {
            if byte != other.as_bytes()[0] {
                let bad = format!("{}{other}{}{next}", &CRABS[..at], &CRABS[at + 1..]);
                let byte = byte.escape_ascii();
                refuses(&bad, &format!("byte {at} must be {byte} and is {other:?}"));
            }
        }
    }
}

#[test]
fn a_refused_body_is_never_done() {
    for bad in ["4\r\ncrabXX0\r\n\r\n", "0\r\n\rGET / HTTP/1.1\r\n\r\n", "+0\r\n\r\n"] {
        let (result, done) = proctor::watch(move || {
            let mut reader = BodyReader::new(Framing::Chunked);
            let result = reader.feed(bad.as_bytes(), &mut Vec::new());
            (result, reader.is_done())
        });
        proctor::expect_eq!(result, Err(Refused), "feeding {bad:?}");
        assert!(
            !done,
            "{bad:?} was refused and is done: the next request would begin in its middle"
        );
    }
}

#[test]
fn room_is_made_for_what_has_come() {
    for (framing, bytes) in [
        (Framing::Chunked, "3fffffff\r\ncrab"),
        (Framing::Length(1 << 30), "crab"),
        (Framing::Length(u64::MAX), "crab"),
    ] {
        let capacity = proctor::watch(move || {
            let mut body = Vec::new();
            let fed = BodyReader::new(framing).feed(bytes.as_bytes(), &mut body);
            proctor::expect_eq!(fed, Ok(bytes.len()), "{framing:?}: feeding {bytes:?}");
            body.capacity()
        });
        assert!(
            capacity <= 1024 * 1024,
            "{framing:?}: 4 bytes of the body have come, and there is room for {capacity}: a client that promises much and sends nothing decides how much memory you use"
        );
    }
}
