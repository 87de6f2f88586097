//! Payloads, whole and in pieces, compared with a loop that takes a byte at a time and the text of the RFC.

use std::fmt::Write;

use unmask::Unmask;

/// No two bytes of it are equal, and none is 0: whoever takes the wrong one is seen.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The RFC's words: octet `i` of the one is octet `i` of the other, and octet `i` modulo 4 of the key.
fn masked(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect()
}

/// A payload of which every byte differs from those around it.
fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|i| u8::try_from(i * 7 % 251).expect("it is less than 251")).collect()
}

/// Where two differ first, and how.
fn first_difference(got: &[u8], expected: &[u8], begins: &[usize]) -> Option<String> {
    let at = got.iter().zip(expected).position(|(got, expected)| got != expected)?;
    let piece = begins.partition_point(|&begin| begin <= at) - 1;
    let (wrong, right) = (got[at], expected[at]);
    let used = wrong ^ right;
    let mut words = format!(
        "byte {at} of the payload, which is byte {} of its piece: expected {right:#04x}, got {wrong:#04x}",
        at - begins[piece]
    );
    // What came out is the masked byte and what it was combined with.
    let masked = right ^ KEY[at % 4];
    match KEY.iter().position(|&byte| byte == wrong ^ masked) {
        _ if wrong == masked => words.push_str(".\nIt is still masked"),
        Some(place) => {
            write!(words, ".\nByte {} of the key belongs to it, and it had byte {place}", at % 4)
                .expect("a String takes all");
        }
        None => write!(words, ", which differs by {used:#04x}").expect("a String takes all"),
    }
    Some(words)
}

/// Unmasks a payload in pieces of these lengths, where the first lies so many bytes behind an address that eight divides.
#[track_caller]
fn check(lengths: &[usize], shift: usize) {
    let length = lengths.iter().sum();
    let expected = payload(length);
    // Eight more at each end: a byte that is not the payload's must stay as it is.
    let mut memory = vec![0xaa_u8; length + 32];
    let aligned = memory.as_ptr().align_offset(8);
    let start = aligned + 8 + shift;
    memory[start..start + length].copy_from_slice(&masked(&expected, KEY));
    let mut unmask = Unmask::new(KEY);
    let mut begins = vec![0];
    let mut at = start;
    for length in lengths {
        unmask.piece(&mut memory[at..at + length]);
        at += length;
        begins.push(at - start);
    }
    begins.pop();
    let mut what = match lengths {
        [1] => "a payload of one byte".to_owned(),
        [length] => format!("a payload of {length} bytes, in one piece"),
        _ => format!("a payload in pieces of {lengths:?} bytes"),
    };
    if shift > 0 {
        write!(what, ", at an address that leaves {shift} when divided by eight")
            .expect("a String takes all");
    }
    if let Some(difference) = first_difference(&memory[start..at], &expected, &begins) {
        panic!("{what}: {difference}.");
    }
    let around = memory[..start].iter().chain(&memory[at..]);
    assert!(
        around.copied().all(|byte| byte == 0xaa),
        "{what}: a byte in front of the payload, or behind it, has changed"
    );
}

#[test]
fn the_example_of_the_rfc() {
    proctor::watch(|| {
        // Section 5.7: a single-frame masked text message.
        let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        Unmask::new(KEY).piece(&mut bytes);
        proctor::expect_eq!(bytes.escape_ascii().to_string(), "Hello", "RFC 6455's \"Hello\"");
    });
}

#[test]
fn a_whole_payload_of_any_length() {
    proctor::watch(|| {
        for length in 0..=40 {
            check(&[length], 0);
        }
        check(&[100_003], 0);
    });
}

#[test]
fn a_payload_at_any_address() {
    proctor::watch(|| {
        for shift in 0..8 {
            for length in 0..=40 {
                check(&[length], shift);
            }
        }
    });
}

#[test]
fn two_pieces_cut_anywhere() {
    proctor::watch(|| {
        for first in 0..=20 {
            for second in 0..=20 {
                check(&[first, second], 0);
            }
        }
    });
}

#[test]
fn three_pieces_cut_anywhere() {
    proctor::watch(|| {
        for first in 0..=9 {
            for second in 0..=9 {
                for third in [0, 1, 3, 8, 13] {
                    check(&[first, second, third], 0);
                }
            }
        }
    });
}

#[test]
fn a_byte_at_a_time() {
    proctor::watch(|| check(&[1; 600], 0));
}

#[test]
fn many_pieces_at_any_address() {
    proctor::watch(|| {
        for shift in 0..8 {
            check(&[3, 0, 8, 5, 16, 1, 0, 2, 7, 31, 9], shift);
            check(&[13; 40], shift);
        }
        check(&[65_537, 70_001, 3, 65_535, 1, 2], 1);
    });
}

#[test]
fn each_frame_has_its_own_key() {
    proctor::watch(|| {
        for key in [[0, 0, 0, 0], [0xff; 4], [0, 0, 0, 1], [1, 2, 3, 4]] {
            for cut in 0..=21 {
                let expected = payload(21);
                let mut bytes = masked(&expected, key);
                let mut unmask = Unmask::new(key);
                let (first, second) = bytes.split_at_mut(cut);
                unmask.piece(first);
                unmask.piece(second);
                proctor::expect_eq!(
                    bytes,
                    expected,
                    "21 bytes under the key {key:02x?}, of which {cut} are in the first piece"
                );
            }
        }
    });
}
