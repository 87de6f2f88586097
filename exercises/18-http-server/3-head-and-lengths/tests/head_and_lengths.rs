//! Responses, read as a client reads them.

use std::fmt::Write;

use gateway::{RequestHead, ResponseBody, ResponseStart};
use head_and_lengths::{Afterwards, Encoder, Refused};
use http::{HeaderMap, HeaderValue, Method, Version, header};

const OLD: Version = Version::HTTP_10;
const NEW: Version = Version::HTTP_11;

/// A request, as far as the response depends on it.
#[derive(Debug, Clone)]
struct Asked {
    method: Method,
    version: Version,
    /// Its `connection` fields.
    connection: &'static [&'static str],
}

impl Asked {
    fn get() -> Self {
        Self { method: Method::GET, version: NEW, connection: &[] }
    }

    fn head(&self) -> RequestHead {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("crabsarecool.com"));
        for value in self.connection {
            headers.append(header::CONNECTION, HeaderValue::from_static(value));
        }
        let (method, version) = (self.method.clone(), self.version);
        RequestHead { method, version, uri: "/".parse().unwrap(), headers }
    }

    fn words(&self) -> String {
        let mut words = format!("{} in {:?}", self.method, self.version);
        for value in self.connection {
            write!(words, " with connection: {value}").unwrap();
        }
        words
    }
}

fn ok() -> ResponseStart {
    ResponseStart::new(200)
}

fn part(bytes: &'static str) -> ResponseBody {
    ResponseBody::part(bytes)
}

fn last(bytes: &'static str) -> ResponseBody {
    ResponseBody::last(bytes)
}

/// Parts in a few words.
fn words(parts: &[ResponseBody]) -> String {
    let words = parts.iter().map(|part| {
        let text = String::from_utf8_lossy(&part.body);
        if part.more_body { format!("{text:?}") } else { format!("{text:?} (last)") }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A start in a few words.
fn fields(start: &ResponseStart) -> String {
    let fields = start.headers.iter().map(|(name, value)| format!(", {name}: {value:?}"));
    format!("{}{}", start.status.as_u16(), fields.collect::<String>())
}

/// A response as the client has it.
#[derive(Debug)]
struct Read {
    status: u16,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    /// Whether the client has seen the end without the connection's.
    ended: bool,
    /// How many bytes it has used.
    used: usize,
}

impl Read {
    fn values(&self, name: &str) -> Vec<String> {
        let fields = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Reads one response from the bytes on a connection, as RFC 9112, section 6.3 says, and is strict about it.
#[track_caller]
fn read(bytes: &[u8], asked: &Asked, what: &str) -> Read {
    let shown = || bytes.escape_ascii().to_string();
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let head = match response.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => {
            panic!("{what}: the head has no end, or there is none: \"{}\"", shown())
        }
        Err(error) => panic!("{what}: this is no head ({error}): \"{}\"", shown()),
    };
    let status = response.code.unwrap();
    let line = format!("HTTP/1.1 {status} ");
    assert!(
        bytes.starts_with(line.as_bytes()),
        "{what}: the head should begin with \"{line}\", where the space stands also without a reason: \"{}\"",
        shown()
    );
    let fields: Vec<_> = response
        .headers
        .iter()
        .map(|field| (field.name.to_owned(), field.value.to_owned()))
        .collect();
    let mut read = Read { status, fields, body: Vec::new(), ended: true, used: head };
    let (lengths, codings) = (read.values("content-length"), read.values("transfer-encoding"));
    assert!(lengths.len() <= 1, "{what}: the head has several lengths: {lengths:?}");
    assert!(
        codings.is_empty() || lengths.is_empty(),
        "{what}: the head has transfer-encoding and content-length, and clients differ about which of them holds"
    );
    if asked.method == Method::HEAD || matches!(status, 204 | 304) {
        return read;
    }
    let rest = &bytes[head..];
    if !codings.is_empty() {
        assert!(asked.version == NEW, "{what}: a client of HTTP/1.0 knows no chunks");
        proctor::expect_eq!(codings, ["chunked"], "the transfer-encoding, {what}");
        let used = chunks(rest, &mut read, what);
        read.used += used;
    } else if let Some(length) = lengths.first() {
        let length: usize = length.parse().unwrap_or_else(|_| {
            panic!("{what}: this is no content-length: {length:?}");
        });
        let there = length.min(rest.len());
        read.body.extend_from_slice(&rest[..there]);
        read.ended = there == length;
        read.used += there;
    } else {
        read.body.extend_from_slice(rest);
        read.ended = false;
        read.used += rest.len();
    }
    read
}

/// Reads chunks as far as they are there.
#[track_caller]
fn chunks(rest: &[u8], read: &mut Read, what: &str) -> usize {
    let mut at = 0;
    read.ended = false;
    let wrong = |at: usize, why: &str| -> ! {
        panic!("{what}: {why}, at byte {at} of the body: \"{}\"", rest.escape_ascii())
    };
    loop {
        let here = &rest[at..];
        if here.is_empty() {
            return at;
        }
        let Some(line) = here.windows(2).position(|two| two == b"\r\n") else {
            wrong(at, "a line with a chunk's size has no end")
        };
        let digits = std::str::from_utf8(&here[..line]).unwrap_or_default();
        let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let Some(size) = usize::from_str_radix(digits, 16).ok().filter(|_| is_hex) else {
            wrong(at, "a chunk has no size")
        };
        at += line + 2;
        let Some(data) = rest.get(at..at + size) else {
            wrong(at, &format!("a chunk of size {digits} (hexadecimal: {size}) has fewer bytes"))
        };
        read.body.extend_from_slice(data);
        at += size;
        if rest.get(at..at + 2) != Some(b"\r\n") {
            wrong(at, "no line break stands behind a chunk of that size")
        }
        at += 2;
        if size == 0 {
            read.ended = true;
            return at;
        }
    }
}

/// What was written of a response, and what became of it.
struct Encoded {
    out: Vec<u8>,
    encoder: Encoder,
}

/// Encodes what must not be refused.
#[track_caller]
fn encode(asked: &Asked, start: &ResponseStart, parts: &[ResponseBody], what: &str) -> Encoded {
    let mut out = Vec::new();
    let refused = |refused| -> Encoder { panic!("{what}: refused as {refused:?}") };
    let begun = Encoder::begin(&asked.head(), start, &parts[0], &mut out);
    let mut encoder = begun.unwrap_or_else(refused);
    for part in &parts[1..] {
        if let Err(why) = encoder.part(part, &mut out) {
            refused(why);
        }
    }
    Encoded { out, encoder }
}

/// Encodes what must not be refused, and reads it.
#[track_caller]
fn sent(
    asked: &Asked,
    start: &ResponseStart,
    parts: &[ResponseBody],
    what: &str,
) -> (Read, Afterwards) {
    let Encoded { out, encoder } = encode(asked, start, parts, what);
    let read = read(&out, asked, what);
    let behind = String::from_utf8_lossy(&out[read.used..]);
    proctor::expect_eq!(behind, "", "what the client finds behind the end of the response, {what}");
    (read, encoder.finish())
}

/// Refused by `begin`, with nothing written.
#[track_caller]
fn begins_not(
    asked: &Asked,
    start: &ResponseStart,
    first: &ResponseBody,
    why: Refused,
    what: &str,
) {
    let mut out = b"before".to_vec();
    let refused = Encoder::begin(&asked.head(), start, first, &mut out).err();
    proctor::expect_eq!(refused, Some(why), "why `begin` refuses {what}");
    let out = String::from_utf8_lossy(&out);
    proctor::expect_eq!(out, "before", "what was written of what was refused, {what}");
}

#[test]
fn a_whole_response_has_its_length() {
    proctor::watch(|| {
        for (method, body, length) in [
            (Method::GET, "Hello, crabs!", "13"),
            (Method::GET, "", "0"),
            (Method::POST, "Hello, crabs!", "13"),
            (Method::OPTIONS, "", "0"),
        ] {
            let start = ok().header("content-type", "text/plain");
            let asked = Asked { method, ..Asked::get() };
            let what = format!("to {} with the body {body:?} in one part", asked.words());
            let (read, afterwards) = sent(&asked, &start, &[last(body)], &what);
            proctor::expect_eq!(read.status, 200, "the status, {what}");
            proctor::expect_eq!(
                read.values("content-type"),
                ["text/plain"],
                "content-type, {what}"
            );
            proctor::expect_eq!(read.values("content-length"), [length], "content-length, {what}");
            proctor::expect_eq!(read.text(), body, "the body, {what}");
            proctor::expect_eq!(read.values("connection").len(), 0, "connection fields, {what}");
            proctor::expect_eq!(afterwards, Afterwards::KeepAlive, "the connection, {what}");
        }
    });
}

#[test]
fn the_first_line_has_status_and_reason() {
    proctor::watch(|| {
        for (status, version) in [(200, NEW), (404, NEW), (200, OLD), (299, NEW)] {
            let asked = Asked { version, ..Asked::get() };
            let what = format!("of a {status} to {}", asked.words());
            let Encoded { out, .. } =
                encode(&asked, &ResponseStart::new(status), &[last("")], &what);
            let line = String::from_utf8_lossy(&out);
            let line = line.split("\r\n").next().unwrap_or_default();
            let expected = match status {
                200 => "HTTP/1.1 200 OK",
                404 => "HTTP/1.1 404 Not Found",
                _ => "HTTP/1.1 299 ",
            };
            proctor::expect_eq!(line, expected, "the first line {what}");
        }
    });
}

#[test]
fn a_stream_is_sent_in_chunks() {
    proctor::watch(|| {
        let parts = [part("cr"), part("ustaceans"), last("!")];
        let what = "in three parts without a length";
        let (read, afterwards) = sent(&Asked::get(), &ok(), &parts, what);
        proctor::expect_eq!(read.values("transfer-encoding"), ["chunked"], "the coding, {what}");
        proctor::expect_eq!(read.text(), "crustaceans!", "the body, {what}");
        assert!(read.ended, "{what}: the last part was sent, and the client waits for more");
        proctor::expect_eq!(afterwards, Afterwards::KeepAlive, "the connection, {what}");
        // Sizes with two digits and more.
        for bytes in [9, 10, 16, 255, 256, 70_000] {
            let body = "c".repeat(bytes);
            let parts = [ResponseBody::part(body.clone()), last("")];
            let what = format!("with a part of {bytes} bytes and an empty last one");
            let (read, _) = sent(&Asked::get(), &ok(), &parts, &what);
            assert!(read.ended && read.text() == body, "{what}: {} bytes arrive", read.body.len());
        }
    });
}

#[test]
fn each_part_is_sent_at_once() {
    proctor::watch(|| {
        for (start, asked) in [
            (ok(), Asked::get()),
            (ok().header("content-length", 9), Asked::get()),
            (ok(), Asked { version: OLD, ..Asked::get() }),
        ] {
            let what = format!("to {}: {}", asked.words(), fields(&start));
            let mut out = Vec::new();
            let begun = Encoder::begin(&asked.head(), &start, &part("she"), &mut out);
            let mut encoder = begun.unwrap_or_else(|why| panic!("{what}: refused as {why:?}"));
            let mut expected = String::from("she");
            for (more, bytes) in [(true, "llf"), (true, ""), (false, "ish")] {
                let seen = read(&out, &asked, &what);
                proctor::expect_eq!(seen.text(), expected, "what the client has by now, {what}");
                let next = if more { part(bytes) } else { last(bytes) };
                proctor::expect_eq!(encoder.part(&next, &mut out), Ok(()), "the next part, {what}");
                expected.push_str(bytes);
            }
            proctor::expect_eq!(read(&out, &asked, &what).text(), expected, "the body, {what}");
        }
    });
}

#[test]
fn an_empty_part_is_no_end() {
    proctor::watch(|| {
        for parts in [
            &[part(""), part("crab"), last("")][..],
            &[part("cr"), part(""), part(""), last("ab")],
            &[part(""), part(""), last("crab")],
        ] {
            for start in [ok(), ok().header("content-length", 4)] {
                let what = format!("{}, with the parts {}", fields(&start), words(parts));
                let (read, _) = sent(&Asked::get(), &start, parts, &what);
                proctor::expect_eq!(read.text(), "crab", "the body, {what}");
                assert!(read.ended, "{what}: the client waits for more");
            }
        }
    });
}

#[test]
fn a_length_that_is_given_is_the_length() {
    proctor::watch(|| {
        let start = ok().header("content-length", 8);
        let what = "with content-length: 8, in three parts";
        let (read, _) = sent(&Asked::get(), &start, &[part("lob"), part("ster"), last("s")], what);
        proctor::expect_eq!(read.values("content-length"), ["8"], "content-length, {what}");
        proctor::expect_eq!(read.values("transfer-encoding").len(), 0, "codings, {what}");
        proctor::expect_eq!(read.text(), "lobsters", "the body, {what}");
    });
}

#[test]
fn a_body_longer_than_its_length_is_refused() {
    proctor::watch(|| {
        let start = ok().header("content-length", 4);
        for first in [part("crabs"), last("crabs")] {
            begins_not(&Asked::get(), &start, &first, Refused::TooLong, "a body with 5 bytes of 4");
        }
        let what = "with content-length: 4";
        let Encoded { mut out, mut encoder } = encode(&Asked::get(), &start, &[part("cr")], what);
        let before = out.clone();
        for longer in [part("abs"), last("abs"), last("abaci")] {
            proctor::expect_eq!(
                encoder.part(&longer, &mut out),
                Err(Refused::TooLong),
                "what `part` says to {longer:?} after 2 of 4 bytes.\n\
                 A client would take what goes beyond for the beginning of the next response"
            );
            proctor::expect_eq!(out.len(), before.len(), "how much is written by then");
        }
        proctor::expect_eq!(
            encoder.finish(),
            Afterwards::Close,
            "the connection, if the application gives up after 2 of 4 bytes"
        );
        proctor::expect_eq!(
            encoder.part(&last("ab"), &mut out),
            Ok(()),
            "what `part` says to the right two bytes, after others were refused"
        );
        let read = read(&out, &Asked::get(), what);
        proctor::expect_eq!((read.text().as_str(), read.ended), ("crab", true), "the body, {what}");
        proctor::expect_eq!(encoder.finish(), Afterwards::KeepAlive, "the connection at the end");
    });
}

#[test]
fn a_body_shorter_than_its_length_is_refused() {
    proctor::watch(|| {
        let start = ok().header("content-length", 4);
        for first in [last(""), last("cra")] {
            begins_not(
                &Asked::get(),
                &start,
                &first,
                Refused::TooShort,
                "a body with fewer than 4 bytes of 4",
            );
        }
        let what = "with content-length: 4";
        let Encoded { mut out, mut encoder } = encode(&Asked::get(), &start, &[part("cr")], what);
        let before = out.len();
        for shorter in [last(""), last("a")] {
            proctor::expect_eq!(
                encoder.part(&shorter, &mut out),
                Err(Refused::TooShort),
                "what `part` says to {shorter:?} after 2 of 4 bytes.\n\
                 A client would take the next response for the rest of this one"
            );
            proctor::expect_eq!(out.len(), before, "how much is written by then");
        }
        proctor::expect_eq!(
            encoder.finish(),
            Afterwards::Close,
            "the connection, if the application gives up after 2 of 4 bytes"
        );
    });
}

#[test]
fn a_response_without_its_last_part_is_not_complete() {
    proctor::watch(|| {
        for start in [ok(), ok().header("content-length", 4)] {
            for parts in [&[part("crab")][..], &[part("cr"), part("ab")], &[part("")]] {
                let what = format!("{}, with the parts {}", fields(&start), words(parts));
                let Encoded { out, encoder } = encode(&Asked::get(), &start, parts, &what);
                proctor::expect_eq!(encoder.finish(), Afterwards::Close, "the connection, {what}");
                let read = read(&out, &Asked::get(), &what);
                if start.headers.is_empty() {
                    assert!(
                        !read.ended,
                        "{what}: no last part was sent, and the client sees an end"
                    );
                }
            }
        }
    });
}

#[test]
fn head_is_answered_as_get_is_without_the_body() {
    proctor::watch(|| {
        for (version, connection) in [(OLD, &[][..]), (OLD, &["keep-alive"]), (NEW, &[])] {
            for start in [ok(), ok().header("content-length", 4), ResponseStart::new(404)] {
                for parts in [&[last("crab")][..], &[part("cr"), part("ab"), last("")]] {
                    let get = Asked { version, connection, ..Asked::get() };
                    let asked = Asked { method: Method::HEAD, ..get.clone() };
                    let what = format!(
                        "to {}: {}, with the parts {}",
                        asked.words(),
                        fields(&start),
                        words(parts)
                    );
                    let Encoded { out: of_get, encoder } = encode(&get, &start, parts, &what);
                    let head = of_get.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
                    let Encoded { out, encoder: of_head } = encode(&asked, &start, parts, &what);
                    proctor::expect_eq!(
                        String::from_utf8_lossy(&out),
                        String::from_utf8_lossy(&of_get[..head]),
                        "the response {what}: the head that a GET gets, and nothing else"
                    );
                    proctor::expect_eq!(
                        of_head.finish(),
                        encoder.finish(),
                        "the connection, {what}"
                    );
                }
            }
        }
        // Nobody sends the body, so nobody counts it.
        let asked = Asked { method: Method::HEAD, ..Asked::get() };
        let start = ok().header("content-length", 4);
        for parts in [&[last("")][..], &[last("crabs")], &[part("crabs"), last("and more")]] {
            let what = format!("to a HEAD, with content-length: 4 and the parts {}", words(parts));
            let (read, afterwards) = sent(&asked, &start, parts, &what);
            proctor::expect_eq!(read.values("content-length"), ["4"], "content-length, {what}");
            proctor::expect_eq!(afterwards, Afterwards::KeepAlive, "the connection, {what}");
        }
    });
}

#[test]
fn statuses_204_and_304_have_no_body() {
    proctor::watch(|| {
        for status in [204, 304] {
            for parts in [&[last("")][..], &[last("crab")], &[part("cr"), part("ab"), last("")]] {
                for version in [OLD, NEW] {
                    let asked = Asked { version, connection: &["keep-alive"], ..Asked::get() };
                    let what = format!(
                        "of a {status} to {} with the parts {}",
                        asked.words(),
                        words(parts)
                    );
                    let start = ResponseStart::new(status).header("etag", "\"crab\"");
                    let (read, afterwards) = sent(&asked, &start, parts, &what);
                    let mut names: Vec<_> =
                        read.fields.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
                    names.retain(|name| name != "connection");
                    proctor::expect_eq!(names, ["etag"], "the fields {what}, but for connection");
                    proctor::expect_eq!(afterwards, Afterwards::KeepAlive, "the connection {what}");
                }
            }
        }
        let start = ResponseStart::new(304).header("content-length", 1_000);
        let what = "of a 304 that says how long the body would be";
        let (read, _) = sent(&Asked::get(), &start, &[last("")], what);
        proctor::expect_eq!(read.values("content-length"), ["1000"], "the content-length {what}");
        for length in [0, 4] {
            let start = ResponseStart::new(204).header("content-length", length);
            let what = format!("a 204 with content-length: {length}");
            begins_not(&Asked::get(), &start, &last(""), Refused::BadLength, &what);
        }
    });
}

#[test]
fn an_interim_response_is_refused() {
    proctor::watch(|| {
        for status in [100, 101, 103, 199] {
            let what = format!("the status {status}");
            let start = ResponseStart::new(status);
            begins_not(&Asked::get(), &start, &last(""), Refused::Interim, &what);
        }
    });
}

#[test]
fn a_length_that_is_not_one_number_is_refused() {
    proctor::watch(|| {
        for length in ["", "+4", "-4", "4, 4", "0x4", "four", "4 ", "4.0", "18446744073709551616"] {
            // A 304 has no body, and its length is read all the same.
            for (method, status) in [(Method::GET, 200), (Method::HEAD, 200), (Method::GET, 304)] {
                let start = ResponseStart::new(status).header("content-length", length);
                let what = format!("a {status} with content-length: {length:?}, to {method}");
                let asked = Asked { method, ..Asked::get() };
                begins_not(&asked, &start, &part("crab"), Refused::BadLength, &what);
            }
        }
        for (status, second) in [(200, 4), (200, 5), (304, 5)] {
            let start = ResponseStart::new(status)
                .header("content-length", 4)
                .header("content-length", second);
            let what = format!("a {status} with content-length: 4 and content-length: {second}");
            begins_not(&Asked::get(), &start, &last("crab"), Refused::BadLength, &what);
        }
        let start = ok().header("content-length", "0004");
        let (read, _) = sent(&Asked::get(), &start, &[last("crab")], "with content-length: 0004");
        proctor::expect_eq!(read.text(), "crab", "the body, with content-length: 0004");
    });
}

#[test]
fn a_client_of_http_1_0_gets_no_chunks() {
    proctor::watch(|| {
        let parts = [part("cr"), part(""), last("ab")];
        for connection in [&[][..], &["keep-alive"]] {
            let asked = Asked { version: OLD, connection, ..Asked::get() };
            let what = format!("to {}, in parts", asked.words());
            let (read, afterwards) = sent(&asked, &ok(), &parts, &what);
            proctor::expect_eq!(read.text(), "crab", "the body, {what}");
            proctor::expect_eq!(read.values("connection"), ["close"], "connection, {what}");
            proctor::expect_eq!(
                afterwards,
                Afterwards::Close,
                "the connection, {what}: its end is the body's end"
            );
        }
    });
}

#[test]
fn the_connection_stays_open_for_who_wants_it() {
    proctor::watch(|| {
        use Afterwards::{Close, KeepAlive};
        let wishes: [(Version, &'static [&'static str], Afterwards); 17] = [
            (NEW, &[], KeepAlive),
            (NEW, &["keep-alive"], KeepAlive),
            (NEW, &["close"], Close),
            (NEW, &["Close"], Close),
            (NEW, &["upgrade, close"], Close),
            (NEW, &["TE,Close ,upgrade"], Close),
            (NEW, &["upgrade", "close"], Close),
            (NEW, &["keep-alive, close"], Close),
            (NEW, &["closed"], KeepAlive),
            (NEW, &["close-enough"], KeepAlive),
            (OLD, &[], Close),
            (OLD, &["keep-alive"], KeepAlive),
            (OLD, &["Keep-Alive"], KeepAlive),
            (OLD, &["upgrade, Keep-Alive"], KeepAlive),
            (OLD, &["keep-alive, close"], Close),
            (OLD, &["keep-alive", "close"], Close),
            (OLD, &["keep-alive-please"], Close),
        ];
        for (version, connection, expected) in wishes {
            let asked = Asked { version, connection, ..Asked::get() };
            let what = format!("to {}, with a length", asked.words());
            let (read, afterwards) = sent(&asked, &ok(), &[last("crab")], &what);
            proctor::expect_eq!(afterwards, expected, "the connection, {what}");
            let said: &[&str] = match (expected, version) {
                (Close, _) => &["close"],
                (KeepAlive, OLD) => &["keep-alive"],
                (KeepAlive, _) => &[],
            };
            proctor::expect_eq!(read.values("connection"), said, "connection, {what}");
        }
    });
}

#[test]
fn what_is_the_connections_is_not_the_applications() {
    proctor::watch(|| {
        let start = ok()
            .header("connection", "close, x-crab")
            .header("keep-alive", "timeout=5")
            .header("proxy-connection", "keep-alive")
            .header("transfer-encoding", "gzip, chunked")
            .header("upgrade", "crab/2")
            .header("x-crab", "hermit");
        for parts in [&[last("crab")][..], &[part("crab"), last("")]] {
            let what = format!(
                "where the application sets five fields that are not its own, with the parts {}",
                words(parts)
            );
            let (read, afterwards) = sent(&Asked::get(), &start, parts, &what);
            for name in ["connection", "keep-alive", "proxy-connection", "upgrade"] {
                proctor::expect_eq!(read.values(name).len(), 0, "fields called {name}, {what}");
            }
            proctor::expect_eq!(read.values("x-crab"), ["hermit"], "x-crab, {what}");
            proctor::expect_eq!(read.text(), "crab", "the body, {what}");
            proctor::expect_eq!(afterwards, Afterwards::KeepAlive, "the connection, {what}");
        }
        let start = ok().header("transfer-encoding", "chunked").header("content-length", 4);
        let what = "with the application's content-length and transfer-encoding";
        let (read, _) = sent(&Asked::get(), &start, &[part("cr"), last("ab")], what);
        proctor::expect_eq!(read.values("content-length"), ["4"], "content-length, {what}");
        proctor::expect_eq!(read.text(), "crab", "the body, {what}");
    });
}

#[test]
fn fields_are_sent_as_they_are() {
    proctor::watch(|| {
        let start = ResponseStart::new(299)
            .header("set-cookie", "a=1")
            .header("x-empty", "")
            .header("proxy-authenticate", "Basic")
            .header("trailer", "x-shell")
            .header("set-cookie", "b=2")
            .header("x-latin", HeaderValue::from_bytes(b"cr\xe4b").unwrap());
        let what = "with several cookies, an empty field, and a byte that is not UTF-8";
        let (read, _) = sent(&Asked::get(), &start, &[last("")], what);
        proctor::expect_eq!(read.status, 299, "a status without a reason");
        proctor::expect_eq!(read.values("set-cookie"), ["a=1", "b=2"], "the cookies");
        proctor::expect_eq!(read.values("x-empty"), [""], "the empty field");
        for (name, value) in [("proxy-authenticate", "Basic"), ("trailer", "x-shell")] {
            proctor::expect_eq!(read.values(name), [value], "{name}, which is none of the five");
        }
        let latin = read.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-latin"));
        let latin = latin.map(|(_, value)| value.escape_ascii().to_string());
        proctor::expect_eq!(latin.as_deref(), Some("cr\\xe4b"), "the field with a byte of Latin-1");
    });
}

/// What the rules say of a start and its parts, told without any encoding: what is refused, and what is left.
struct Expected {
    begin: Option<Refused>,
    parts: Vec<Option<Refused>>,
    body: String,
    complete: bool,
}

fn expected(asked: &Asked, status: u16, length: Option<usize>, parts: &[ResponseBody]) -> Expected {
    let mut expected =
        Expected { begin: None, parts: Vec::new(), body: String::new(), complete: false };
    let bodiless = asked.method == Method::HEAD || matches!(status, 204 | 304);
    if status == 204 && length.is_some() {
        expected.begin = Some(Refused::BadLength);
        return expected;
    }
    for (at, part) in parts.iter().enumerate() {
        let sum = expected.body.len() + part.body.len();
        let refused = match length {
            Some(length) if !bodiless && sum > length => Some(Refused::TooLong),
            Some(length) if !bodiless && sum < length && !part.more_body => Some(Refused::TooShort),
            _ => None,
        };
        if at == 0 {
            expected.begin = refused;
            if refused.is_some() {
                return expected;
            }
        } else {
            expected.parts.push(refused);
        }
        if refused.is_none() {
            expected.body.push_str(std::str::from_utf8(&part.body).unwrap());
            expected.complete = !part.more_body;
        }
    }
    if bodiless {
        expected.body.clear();
    }
    expected
}

/// Every list of up to three parts, with an end and without.
fn scripts() -> Vec<Vec<ResponseBody>> {
    let texts = ["", "c", "rab"];
    let mut scripts: Vec<Vec<&'static str>> = vec![Vec::new()];
    let mut all = Vec::new();
    for _ in 0..3 {
        scripts = scripts
            .iter()
            .flat_map(|script| texts.map(|text| [script.as_slice(), &[text]].concat()))
            .collect();
        for script in &scripts {
            for more in [true, false] {
                let mut parts: Vec<_> = script.iter().map(|text| part(text)).collect();
                parts.last_mut().unwrap().more_body = more;
                all.push(parts);
            }
        }
    }
    all
}

/// Encodes one response after the other on one connection, and reads them.
#[track_caller]
fn one_after_the_other(asked: &Asked, status: u16, length: Option<usize>, parts: &[ResponseBody]) {
    let mut start = ResponseStart::new(status).header("transfer-encoding", "chunked");
    if let Some(length) = length {
        start = start.header("content-length", length);
    }
    let what = || {
        let length = length.map_or(String::new(), |length| format!(" content-length: {length}"));
        format!("{status}{length} with the parts {}, to {}", words(parts), asked.words())
    };
    let expected = expected(asked, status, length, parts);
    let mut out = Vec::new();
    let begun = Encoder::begin(&asked.head(), &start, &parts[0], &mut out);
    proctor::expect_eq!(
        begun.as_ref().err().copied(),
        expected.begin,
        "why `begin` refuses: {}",
        what()
    );
    let Ok(mut encoder) = begun else {
        proctor::expect_eq!(out.len(), 0, "bytes of what was refused: {}", what());
        return;
    };
    let said = parts[1..].iter().map(|part| encoder.part(part, &mut out).err());
    let said: Vec<_> = said.collect();
    proctor::expect_eq!(said, expected.parts, "why `part` refuses: {}", what());
    let keep_alive = encoder.finish() == Afterwards::KeepAlive;
    if !expected.complete {
        assert!(!keep_alive, "the last part is missing, and the connection stays open: {}", what());
    }
    // Behind it stands another response, if there may be one.
    let end = out.len();
    if keep_alive {
        let next = Encoder::begin(&Asked::get().head(), &ok(), &last("next"), &mut out);
        assert!(next.is_ok(), "a plain response behind another one is refused: {}", what());
    }
    let seen = read(&out, asked, &what());
    proctor::expect_eq!(seen.text(), expected.body, "the body: {}", what());
    if keep_alive {
        proctor::expect_eq!(seen.used, end, "where the client sees the end: {}", what());
        let next = read(&out[seen.used..], &Asked::get(), &what());
        proctor::expect_eq!(next.text(), "next", "the response behind it: {}", what());
    } else {
        proctor::expect_eq!(seen.used, end, "how much of it the client has read: {}", what());
    }
    let wants = match asked.version {
        OLD => asked.connection == ["keep-alive"],
        _ => asked.connection != ["close"],
    };
    if wants && expected.complete && asked.version == NEW {
        assert!(keep_alive, "the client wants the connection to stay open: {}", what());
    }
    if !wants {
        assert!(!keep_alive, "the client wants the connection to be closed: {}", what());
    }
}

#[test]
fn every_response_ends_where_the_client_sees_it_end() {
    proctor::watch(|| {
        let scripts = scripts();
        let connections: [&'static [&'static str]; 3] = [&[], &["keep-alive"], &["close"]];
        for version in [NEW, OLD] {
            for connection in connections {
                for method in [Method::GET, Method::HEAD] {
                    let asked = Asked { method, version, connection };
                    for status in [200, 204, 304] {
                        for length in [None, Some(0), Some(4)] {
                            for parts in &scripts {
                                one_after_the_other(&asked, status, length, parts);
                            }
                        }
                    }
                }
            }
        }
    });
}
