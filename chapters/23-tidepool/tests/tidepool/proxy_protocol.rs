//! The PROXY protocol's header: what it says, its bounds, and any split of its bytes.

use proptest::prelude::*;
use tidepool::listen::proxy_protocol::{Malformed, Parsed, parse};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn v2(command: u8, family: u8, tail: &[u8]) -> Vec<u8> {
    let length = u16::try_from(tail.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &length, tail].concat()
}

fn said(bytes: &[u8]) -> String {
    match parse(bytes) {
        Ok(Parsed::Whole(length, None)) => format!("{length} nobody"),
        Ok(Parsed::Whole(length, Some((client, server)))) => format!("{length} {client} {server}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn version_1_says_both_addresses() {
    let line = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n";
    assert_eq!(said(format!("{line}GET /").as_bytes()), "41 192.0.2.1:4711 192.0.2.2:443");
    assert_eq!(
        said(b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"),
        "40 [2001:db8::1]:1 [2001:db8::2]:2"
    );
    assert_eq!(said(b"PROXY UNKNOWN\r\n"), "15 nobody");
    assert_eq!(said(b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "35 nobody");
}

#[test]
fn version_1_is_strict() {
    for bad in [
        "PROXY TCP4 192.0.2.1 192.0.2.2 4711\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 4711 65536\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
        "PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY \r\n",
    ] {
        assert_eq!(parse(bad.as_bytes()), Err(Malformed::Invalid), "{bad:?}");
    }
    assert_eq!(parse(b"GET / HTTP/1.1\r\n"), Err(Malformed::NoHeader));
    assert_eq!(parse(b"PROXx"), Err(Malformed::NoHeader), "as soon as it shows");
}

#[test]
fn version_2_says_both_addresses() {
    let tail = [192, 0, 2, 1, 192, 0, 2, 2, 0x12, 0x67, 1, 187];
    assert_eq!(said(&v2(0x21, 0x11, &tail)), "28 192.0.2.1:4711 192.0.2.2:443");
    // Additional fields are skipped.
    let with_fields = [&tail[..], &[4, 0, 2, 9, 9]].concat();
    assert_eq!(said(&v2(0x21, 0x11, &with_fields)), "33 192.0.2.1:4711 192.0.2.2:443");
    let mut six = [0; 36];
    (six[15], six[31], six[33], six[35]) = (1, 2, 3, 4);
    assert_eq!(said(&v2(0x21, 0x21, &six)), "52 [::1]:3 [::2]:4");
    assert_eq!(said(&v2(0x20, 0, &[])), "16 nobody", "a health check");
    assert_eq!(said(&v2(0x21, 0x31, &[0; 216])), "232 nobody", "Unix sockets");
}

#[test]
fn version_2_is_strict() {
    assert_eq!(parse(&v2(0x11, 0x11, &[0; 12])), Err(Malformed::Invalid), "another version");
    assert_eq!(parse(&v2(0x22, 0x11, &[0; 12])), Err(Malformed::Invalid), "another command");
    assert_eq!(parse(&v2(0x21, 0x11, &[0; 11])), Err(Malformed::Invalid), "too short");
}

#[test]
fn neither_version_can_be_long() {
    let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
    assert_eq!(parse(&endless[..106]), Ok(Parsed::Partial));
    assert_eq!(parse(&endless[..107]), Err(Malformed::TooLong));
    // It is refused by its head, before the rest is waited for.
    let head = [SIGNATURE, &[0x21, 0x11, 0xff, 0xff]].concat();
    assert_eq!(parse(&head), Err(Malformed::TooLong));
}

proptest! {
    #[test]
    fn any_part_of_a_header_is_partial_and_what_follows_changes_nothing(rest in prop::collection::vec(any::<u8>(), 0..64)) {
        let line = b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n".to_vec();
        for header in [line, v2(0x21, 0x11, &[0; 12]), v2(0x20, 0, &[])] {
            for end in 0..header.len() {
                prop_assert_eq!(parse(&header[..end]), Ok(Parsed::Partial), "{}", end);
            }
            let whole = parse(&header);
            let followed = [&header[..], &rest].concat();
            prop_assert_eq!(parse(&followed), whole);
            prop_assert!(matches!(whole, Ok(Parsed::Whole(length, _)) if length == header.len()));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), version in 0..3_u8) {
        let begin: &[u8] = match version { 0 => b"", 1 => b"PROXY ", _ => SIGNATURE };
        if let Ok(Parsed::Whole(length, _)) = parse(&[begin, &bytes].concat()) {
            prop_assert!(length <= begin.len() + bytes.len());
        }
    }
}
