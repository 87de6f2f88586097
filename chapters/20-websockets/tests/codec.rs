//! The codec, on bytes from the RFC and on bytes that no peer should send.

use bytes::Bytes;
use websockets::frame::Opcode;
use websockets::{Decoder, Encoder, Event, Fault, Limits, Role};

const MASKED: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn server() -> Decoder {
    Decoder::new(Role::Server, Limits::default())
}

fn client() -> Decoder {
    Decoder::new(Role::Client { key: || MASKED }, Limits::default())
}

/// All events of `bytes`, and what ended them.
fn events(decoder: &mut Decoder, bytes: &[u8]) -> (Vec<Event>, Option<Fault>) {
    let mut bytes = bytes.to_vec();
    let mut rest = &mut bytes[..];
    let mut events = Vec::new();
    loop {
        match decoder.decode(rest) {
            Ok((used, event)) => {
                let without = event.is_none();
                events.extend(event);
                rest = &mut rest[used..];
                if without {
                    assert!(rest.is_empty(), "without an event all is used, found {rest:?} left");
                    return (events, None);
                }
            }
            Err(fault) => return (events, Some(fault)),
        }
    }
}

fn fault(bytes: &[u8]) -> Option<Fault> {
    events(&mut server(), bytes).1
}

/// A frame from a client, with an empty mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 + u8::try_from(short).expect("it is short")),
        long => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(long).expect("it fits").to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    // Section 5.7.
    let text = |text: &str| vec![Event::Text(text.into())];
    assert_eq!(events(&mut client(), b"\x81\x05Hello"), (text("Hello"), None));
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(events(&mut server(), &masked), (text("Hello"), None));
    assert_eq!(events(&mut client(), b"\x01\x03Hel\x80\x02lo"), (text("Hello"), None));
    let expected = vec![Event::Ping(Bytes::from_static(b"Hello"))];
    assert_eq!(events(&mut client(), b"\x89\x05Hello"), (expected, None));
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    let expected = vec![Event::Pong(Bytes::from_static(b"Hello"))];
    assert_eq!(events(&mut server(), &pong), (expected, None));
    for (head, length) in [(&b"\x82\x7e\x01\x00"[..], 256), (b"\x82\x7f\0\0\0\0\0\x01\0\0", 65536)]
    {
        let payload = vec![7; length];
        let binary = vec![Event::Binary(payload.clone().into())];
        assert_eq!(events(&mut client(), &[head, &payload].concat()), (binary, None));
    }
}

#[test]
fn the_examples_of_the_rfc_are_written() {
    let mut out = Vec::new();
    Encoder::new(Role::Server).text("Hello", &mut out);
    assert_eq!(out, b"\x81\x05Hello");
    out.clear();
    Encoder::new(Role::Client { key: || MASKED }).text("Hello", &mut out);
    assert_eq!(out, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    out.clear();
    Encoder::new(Role::Server).binary(&[7; 256], &mut out);
    assert_eq!(out[..5], *b"\x82\x7e\x01\x00\x07");
    out.clear();
    Encoder::new(Role::Server).binary(&vec![7; 65536], &mut out);
    assert_eq!(out[..11], *b"\x82\x7f\0\0\0\0\0\x01\0\0\x07");
    out.clear();
    assert!(Encoder::new(Role::Server).head(Opcode::Binary, 256, &mut out));
    assert_eq!(out, b"\x82\x7e\x01\x00");
}

#[test]
fn control_frames_come_between_the_fragments_of_a_message() {
    let bytes = [
        frame(0x01, b"cr"),
        frame(0x89, b"there?"),
        frame(0x00, b""),
        frame(0x8a, b""),
        frame(0x80, b"ab"),
    ];
    let expected = vec![
        Event::Ping(Bytes::from_static(b"there?")),
        Event::Pong(Bytes::new()),
        Event::Text("crab".into()),
    ];
    assert_eq!(events(&mut server(), &bytes.concat()), (expected, None));
}

#[test]
fn a_character_may_be_cut_by_fragments_and_a_bad_byte_fails_at_once() {
    let bytes = [frame(0x01, b"\xf0\x9f"), frame(0x00, b"\xa6"), frame(0x80, b"\x80")].concat();
    assert_eq!(events(&mut server(), &bytes).0, vec![Event::Text("🦀".into())]);
    // The second byte cannot follow the first; nine more are promised and need not come.
    let begun = [&[0x81, 0x8b, 0, 0, 0, 0][..], b"\xf0\x28"].concat();
    assert_eq!(fault(&begun).map(Fault::code), Some(1007));
    // One byte short of a whole character.
    assert_eq!(fault(&frame(0x81, b"\xf0\x9f\xa6")).map(Fault::code), Some(1007));
    // A surrogate, and a character written longer than it is.
    assert_eq!(fault(&frame(0x01, b"\xed\xa0")).map(Fault::code), Some(1007));
    assert_eq!(fault(&frame(0x01, b"\xc0")).map(Fault::code), Some(1007));
}

#[test]
fn reserved_bits_and_opcodes_are_refused_at_the_byte_that_has_them() {
    for first in [0xa1, 0x91, 0xb1] {
        assert_eq!(fault(&[first]), Some(Fault::ReservedBit), "{first:#x}");
    }
    assert_eq!(fault(&frame(0xc1, b"crab")), Some(Fault::ReservedBit), "nothing was agreed on");
    for number in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(fault(&[0x80 | number]), Some(Fault::Opcode(number)));
    }
    for first in [0xc8, 0xc9, 0xca, 0xc0] {
        assert_eq!(fault(&[first]), Some(Fault::CompressedBit), "{first:#x}");
    }
}

#[test]
fn control_frames_are_short_and_whole() {
    for opcode in [0x08, 0x09, 0x0a] {
        assert_eq!(fault(&[opcode]), Some(Fault::FragmentedControl));
        assert_eq!(fault(&[0x80 | opcode, 0xfe]), Some(Fault::LongControl));
        assert_eq!(fault(&[0x80 | opcode, 0xff]), Some(Fault::LongControl));
    }
    assert_eq!(fault(&frame(0x89, &[1; 125])), None);
}

#[test]
fn fragments_come_in_order() {
    assert_eq!(fault(&frame(0x80, b"more")), Some(Fault::NothingToContinue));
    let twice = [frame(0x01, b"one"), frame(0x81, b"two")].concat();
    assert_eq!(fault(&twice), Some(Fault::Interleaved));
}

#[test]
fn a_client_masks_and_a_server_does_not() {
    assert_eq!(fault(b"\x81\x05Hello"), Some(Fault::Masking));
    let masked = events(&mut client(), &frame(0x81, b"Hello")).1;
    assert_eq!(masked, Some(Fault::Masking));
}

#[test]
fn a_length_has_its_shortest_form() {
    assert_eq!(fault(&[0x82, 0xfe, 0, 125]), Some(Fault::Length));
    assert_eq!(fault(&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), Some(Fault::Length));
    assert_eq!(fault(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), Some(Fault::Length));
}

#[test]
fn a_message_that_is_too_big_is_refused_before_it_has_come() {
    let mut decoder = Decoder::new(Role::Server, Limits { message: 10 });
    assert_eq!(events(&mut decoder, &frame(0x82, &[1; 10])).1, None);
    let head = &frame(0x82, &[1; 11])[..6];
    assert_eq!(events(&mut decoder, head).1, Some(Fault::TooBig(10)));
    // With its fragments together.
    let mut decoder = Decoder::new(Role::Server, Limits { message: 10 });
    let head = &frame(0x80, &[1; 5])[..6];
    let bytes = [&frame(0x02, &[1; 6])[..], head].concat();
    assert_eq!(events(&mut decoder, &bytes).1, Some(Fault::TooBig(10)));
    // 2^63 - 1 bytes overflow nothing.
    let huge = [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    assert_eq!(fault(&huge).map(Fault::code), Some(1009));
}

#[test]
fn close_codes_and_reasons_are_checked() {
    let close = |payload: &[u8]| events(&mut server(), &frame(0x88, payload));
    assert_eq!(close(b""), (vec![Event::Close(None)], None));
    let with = |code: u16, reason: &str| [&code.to_be_bytes()[..], reason.as_bytes()].concat();
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]
    {
        let expected = vec![Event::Close(Some((code, "bye".into())))];
        assert_eq!(close(&with(code, "bye")), (expected, None));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
        assert_eq!(close(&with(code, "")).1, Some(Fault::CloseCode(code)));
    }
    assert_eq!(close(&[3]).1, Some(Fault::HalfCode));
    assert_eq!(close(b"\x03\xe8\xff").1.map(Fault::code), Some(1007));
}

#[test]
fn what_comes_after_a_close_frame_is_passed_over_and_a_fault_stays() {
    let mut decoder = server();
    let bytes = [frame(0x88, b""), frame(0x81, b"more"), vec![0xff; 9]].concat();
    assert_eq!(events(&mut decoder, &bytes), (vec![Event::Close(None)], None));
    assert!(decoder.is_closed());
    let mut decoder = server();
    assert_eq!(events(&mut decoder, &[0xff]).1, Some(Fault::ReservedBit));
    assert_eq!(events(&mut decoder, &frame(0x81, b"fine")), (vec![], Some(Fault::ReservedBit)));
}

#[test]
fn a_close_reason_is_cut_between_characters() {
    let reason = format!("{}é and more", "x".repeat(122));
    let mut out = Vec::new();
    Encoder::new(Role::Server).close(Some((1000, &reason)), &mut out);
    assert_eq!(out.len(), 2 + 2 + 122);
}

#[test]
#[should_panic(expected = "the close code 1005 must not be sent")]
fn a_close_code_that_must_not_be_sent_is_not() {
    Encoder::new(Role::Server).close(Some((1005, "")), &mut Vec::new());
}
