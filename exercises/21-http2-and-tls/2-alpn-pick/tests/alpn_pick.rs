//! Offers, good ones and bad ones.

use alpn_pick::Protocol::{Http2, Http11};
use alpn_pick::{Alert, Choice, Protocol, pick};

/// A server as most are.
const BOTH: &[Protocol] = &[Http2, Http11];

/// A name that a client sends to find servers that mind (RFC 8701).
const GREASE: &[u8] = &[0x2a, 0x2a];

/// The same, and no text.
const GREASE_NO_TEXT: &[u8] = &[0xfa, 0xfa];

/// A list of names, as it is sent.
fn list(names: &[&[u8]]) -> Vec<u8> {
    let mut list = vec![0, 0];
    for name in names {
        list.push(u8::try_from(name.len()).expect("no name is that long"));
        list.extend_from_slice(name);
    }
    let length = u16::try_from(list.len() - 2).expect("no list is that long");
    list[..2].copy_from_slice(&length.to_be_bytes());
    list
}

/// Names in words.
fn words(names: &[&[u8]]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("\"{}\"", name.escape_ascii())).collect();
    format!("[{}]", names.join(", "))
}

/// What comes of it, in words.
fn outcome(result: Result<&Choice, &Alert>) -> String {
    match result {
        Ok(Choice { protocol, extension: None }) => format!("{protocol:?}, and no extension"),
        Ok(Choice { protocol, extension: Some(extension) }) => {
            format!("{protocol:?}, and the extension \"{}\"", extension.escape_ascii())
        }
        Err(alert) => format!("{alert:?}"),
    }
}

/// To this server, a client that has sent this gets that.
#[track_caller]
fn gets(
    what: &str,
    extension: Option<&[u8]>,
    ours: &[Protocol],
    fit: bool,
    expected: Result<Protocol, Alert>,
) {
    let expected = expected.map(|protocol| Choice {
        protocol,
        extension: extension.map(|_| list(&[protocol.name()])),
    });
    let got = pick(extension, ours, fit);
    let tls = if fit { "" } else { ", over a TLS that is not fit for HTTP/2" };
    assert!(
        got == expected,
        "the client has sent {what}, the server speaks {ours:?}{tls}\n  expected: {}\n       got: {}",
        outcome(expected.as_ref()),
        outcome(got.as_ref())
    );
}

/// With these names, over a TLS that is fit for all.
#[track_caller]
fn offers(names: &[&[u8]], ours: &[Protocol], expected: Result<Protocol, Alert>) {
    gets(&words(names), Some(&list(names)), ours, true, expected);
}

/// With these bytes, it is no list, whatever the server speaks.
#[track_caller]
fn is_no_list(why: &str, bytes: &[u8]) {
    let what = format!("\"{}\" ({why})", bytes.escape_ascii());
    for ours in [BOTH, &[Http2], &[Http11]] {
        for fit in [true, false] {
            gets(&what, Some(bytes), ours, fit, Err(Alert::DecodeError));
        }
    }
}

#[test]
fn the_server_prefers() {
    proctor::watch(|| {
        offers(&[b"h2", b"http/1.1"], BOTH, Ok(Http2));
        offers(&[b"http/1.1", b"h2"], BOTH, Ok(Http2));
        offers(&[b"h2", b"http/1.1"], &[Http11, Http2], Ok(Http11));
        offers(&[b"http/1.1", b"h2"], &[Http11, Http2], Ok(Http11));
    });
}

#[test]
fn both_speak_it() {
    proctor::watch(|| {
        offers(&[b"http/1.1"], BOTH, Ok(Http11));
        offers(&[b"h2"], BOTH, Ok(Http2));
        offers(&[b"h2"], &[Http11, Http2], Ok(Http2));
        offers(&[b"h2", b"http/1.1"], &[Http11], Ok(Http11));
        offers(&[b"h2", b"http/1.1"], &[Http2], Ok(Http2));
    });
}

#[test]
fn nothing_in_common_is_an_alert() {
    proctor::watch(|| {
        let alert = Err(Alert::NoApplicationProtocol);
        offers(&[b"h2"], &[Http11], alert);
        offers(&[b"http/1.1"], &[Http2], alert);
        offers(&[b"acme-tls/1"], BOTH, alert);
        offers(&[b"http/1.0", b"h3", GREASE], BOTH, alert);
    });
}

#[test]
fn a_client_may_not_know_of_alpn() {
    proctor::watch(|| {
        for ours in [BOTH, &[Http11, Http2], &[Http11]] {
            for fit in [true, false] {
                gets("no extension", None, ours, fit, Ok(Http11));
            }
        }
    });
}

#[test]
fn without_alpn_there_is_no_http2() {
    proctor::watch(|| {
        for fit in [true, false] {
            let alert = Err(Alert::NoApplicationProtocol);
            gets("no extension", None, &[Http2], fit, alert);
        }
    });
}

#[test]
fn names_are_bytes_and_all_of_them_count() {
    proctor::watch(|| {
        let others: [&[u8]; 16] = [
            b"h2c",
            b"H2",
            b"h2 ",
            b" h2",
            b"h2\0",
            b"h2-16",
            b"h",
            b"2",
            b"h3",
            b"http/1.0",
            b"HTTP/1.1",
            b"http/1.1\n",
            b"http/1",
            b"http/1.10",
            b"http/2",
            b"h2,http/1.1",
        ];
        for other in others {
            offers(&[other], BOTH, Err(Alert::NoApplicationProtocol));
            offers(&[other, b"http/1.1"], BOTH, Ok(Http11));
            offers(&[b"h2", other], &[Http11, Http2], Ok(Http2));
        }
    });
}

#[test]
fn unknown_names_are_passed_over() {
    proctor::watch(|| {
        let long = [b'x'; 255];
        let others: [&[u8]; 8] = [
            GREASE,
            GREASE_NO_TEXT,
            b"\0",
            b"\x02h2",
            b"\xff\xff\xff",
            b"\r\n",
            "🦀".as_bytes(),
            &long,
        ];
        for other in others {
            offers(&[other, b"h2", b"http/1.1"], BOTH, Ok(Http2));
            offers(&[b"h2", other, b"http/1.1"], BOTH, Ok(Http2));
            offers(&[b"http/1.1", other], BOTH, Ok(Http11));
            offers(&[other], BOTH, Err(Alert::NoApplicationProtocol));
        }
    });
}

#[test]
fn a_name_may_come_twice() {
    proctor::watch(|| {
        offers(&[b"h2", b"h2"], BOTH, Ok(Http2));
        offers(&[b"http/1.1", b"http/1.1", b"h2", b"http/1.1", b"h2"], BOTH, Ok(Http2));
        offers(&[GREASE, GREASE], BOTH, Err(Alert::NoApplicationProtocol));
    });
}

#[test]
fn a_weak_tls_speaks_no_http2() {
    proctor::watch(|| {
        let offer: &[&[u8]] = &[b"h2", b"http/1.1"];
        for ours in [BOTH, &[Http11, Http2], &[Http11]] {
            gets(&words(offer), Some(&list(offer)), ours, false, Ok(Http11));
        }
    });
}

#[test]
fn over_a_weak_tls_nothing_may_be_left() {
    proctor::watch(|| {
        let alert = Err(Alert::NoApplicationProtocol);
        gets(&words(&[b"h2"]), Some(&list(&[b"h2"])), BOTH, false, alert);
        let offer: &[&[u8]] = &[b"h2", b"http/1.1"];
        gets(&words(offer), Some(&list(offer)), &[Http2], false, alert);
    });
}

#[test]
fn a_list_may_be_long() {
    proctor::watch(|| {
        for count in [80, 100, 20_000] {
            let mut names = vec![GREASE; count];
            names.push(b"http/1.1");
            names.push(b"h2");
            let what = format!("{count} names that nobody knows, and then both");
            gets(&what, Some(&list(&names)), BOTH, true, Ok(Http2));
        }
    });
}

#[test]
fn a_list_has_a_name() {
    proctor::watch(|| {
        is_no_list("nothing", b"");
        is_no_list("an empty list", b"\0\0");
    });
}

#[test]
fn a_name_has_a_byte() {
    proctor::watch(|| {
        is_no_list("an empty name alone", &list(&[b""]));
        is_no_list("an empty name in front", &list(&[b"", b"h2", b"http/1.1"]));
        is_no_list("an empty name between", &list(&[b"h2", b"", b"http/1.1"]));
        is_no_list("an empty name at the end", &list(&[b"h2", b"http/1.1", b""]));
    });
}

#[test]
fn a_list_is_as_long_as_it_says() {
    proctor::watch(|| {
        let whole = list(&[b"h2", b"http/1.1"]);
        for length in 0..whole.len() {
            is_no_list("the list is cut off", &whole[..length]);
        }
        for more in [&b"\0"[..], b"\x02h2", b"\0\x03\x02h2"] {
            is_no_list("there is more behind the list", &[&whole, more].concat());
        }
        for said in (0_u16..300).chain([0x0c00, 0xffff]) {
            if usize::from(said) != whole.len() - 2 {
                let lies = [&said.to_be_bytes(), &whole[2..]].concat();
                is_no_list("the list has 12 bytes", &lies);
            }
        }
    });
}

#[test]
fn a_name_ends_within_the_list() {
    proctor::watch(|| {
        is_no_list("a name of no bytes of three", b"\0\x01\x03");
        is_no_list("a name of two bytes of three", b"\0\x03\x03h2");
        is_no_list("h2, and a name of two bytes of three", b"\0\x06\x02h2\x03h2");
        is_no_list("h2, and the length of a name", b"\0\x04\x02h2\x08");
        // The bytes are there, and they are not in the list.
        is_no_list("a name that goes beyond its list", b"\0\x03\x08http/1.1");
    });
}

#[test]
fn the_alerts_have_their_numbers() {
    proctor::watch(|| {
        proctor::expect_eq!(Alert::DecodeError.code(), 50, "decode_error");
        proctor::expect_eq!(Alert::NoApplicationProtocol.code(), 120, "no_application_protocol");
    });
}

/// Every list of up to three of these names, before every server, over either TLS.
#[test]
fn every_short_list_before_every_server() {
    proctor::watch(|| {
        let some: [&[u8]; 4] = [b"h2", b"http/1.1", b"h2c", GREASE_NO_TEXT];
        let mut lists: Vec<Vec<&[u8]>> = vec![Vec::new()];
        for length in 0..3 {
            for index in 0..lists.len() {
                if lists[index].len() == length {
                    for name in some {
                        let mut longer = lists[index].clone();
                        longer.push(name);
                        lists.push(longer);
                    }
                }
            }
        }
        for names in lists.iter().filter(|names| !names.is_empty()) {
            for ours in [BOTH, &[Http11, Http2], &[Http11], &[Http2]] {
                for fit in [true, false] {
                    let mut expected = Err(Alert::NoApplicationProtocol);
                    for &protocol in ours.iter().rev() {
                        let common = names.contains(&protocol.name());
                        if common && (fit || protocol == Http11) {
                            expected = Ok(protocol);
                        }
                    }
                    gets(&words(names), Some(&list(names)), ours, fit, expected);
                }
            }
        }
    });
}
