//! Beginnings of connections, cut into pieces.

use preface::{Chooser, PREFACE, Protocol, Step};
use proctor::memory::{Counting, Mark};

#[global_allocator]
static MEMORY: Counting = Counting;

/// The first frame of a client, which may come with its preface: its settings, of which there are none.
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

/// What begins otherwise.
const OTHERS: [&[u8]; 11] = [
    b"GET / HTTP/1.1\r\nhost: crabsarecool.com\r\n\r\n",
    b"POST /order HTTP/1.1\r\ncontent-length: 3\r\n\r\ncat",
    b"PRINT /menu HTTP/1.1\r\n\r\n",
    b"PRI /menu HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\nhost: crabsarecool.com\r\n\r\n",
    b"pri * http/2.0\r\n\r\nsm\r\n\r\n",
    b"\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"PRIPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    // A client of TLS, at the wrong port.
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    b"\0",
];

/// A step in words.
fn words(step: &Step) -> String {
    match step {
        Step::Wait => "Wait".to_owned(),
        Step::Serve(protocol, bytes) => {
            format!("Serve({protocol:?}, \"{}\")", bytes.escape_ascii())
        }
        Step::Close => "Close".to_owned(),
    }
}

/// After how many bytes of a beginning it is certain; `None` if it never is.
fn certain_after(said: &[u8]) -> Option<usize> {
    match said.iter().zip(PREFACE).position(|(byte, expected)| byte != expected) {
        Some(index) => Some(index + 1),
        None if said.len() >= PREFACE.len() => Some(PREFACE.len()),
        None => None,
    }
}

/// In whatever pieces this comes, it is this protocol, when it is certain, with all that has come.
#[track_caller]
fn is(protocol: Protocol, said: &[u8]) {
    let certain = certain_after(said).expect("the tests' beginnings are long enough");
    for split in proctor::splits(said) {
        let mut chooser = Chooser::new();
        let mut come = 0;
        for piece in &split {
            come += piece.len();
            let expected = if come < certain {
                Step::Wait
            } else {
                Step::Serve(protocol, said[..come].to_vec())
            };
            let step = chooser.feed(piece);
            assert!(
                step == expected,
                "after {come} bytes, which came as {split}, where it is certain after {certain}\n  expected: {}\n       got: {}",
                words(&expected),
                words(&step)
            );
            if step != Step::Wait {
                break;
            }
        }
    }
}

#[test]
fn http2_begins_with_the_preface() {
    proctor::watch(|| is(Protocol::Http2, PREFACE));
}

#[test]
fn more_may_come_with_the_preface() {
    proctor::watch(|| {
        is(Protocol::Http2, &[PREFACE, SETTINGS].concat());
        is(Protocol::Http2, &[&PREFACE[..], PREFACE].concat());
        is(Protocol::Http2, &[&PREFACE[..], b"X"].concat());
    });
}

#[test]
fn whatever_begins_otherwise_is_for_http1() {
    proctor::watch(|| {
        for said in OTHERS {
            is(Protocol::Http1, said);
        }
    });
}

#[test]
fn every_byte_of_the_preface_counts() {
    proctor::watch(|| {
        for index in 0..PREFACE.len() {
            for wrong in [b'X', b'\n', b'\0', PREFACE[index] ^ 0x20] {
                if wrong == PREFACE[index] {
                    continue;
                }
                let mut said = [PREFACE, SETTINGS].concat();
                said[index] = wrong;
                is(Protocol::Http1, &said);
            }
        }
    });
}

#[test]
fn a_client_that_has_said_enough_does_not_wait() {
    proctor::watch(|| {
        // All of these are shorter than the preface, and their clients send nothing more before they get an answer.
        for said in [&b"GET / HTTP/1.0\r\n\r\n"[..], b"GET /\r\n", b"PRI / HTTP/1.0\r\n\r\n", b"X"]
        {
            let mut chooser = Chooser::new();
            let step = chooser.feed(said);
            assert!(
                step == Step::Serve(Protocol::Http1, said.to_vec()),
                "the client has said \"{}\", and waits for an answer: got {}",
                said.escape_ascii(),
                words(&step)
            );
        }
    });
}

#[test]
fn an_empty_piece_says_nothing() {
    proctor::watch(|| {
        for (protocol, said) in
            [(Protocol::Http2, &PREFACE[..]), (Protocol::Http1, b"PRI * HTTP/2.0\r\n\r\nSMALL")]
        {
            let certain = certain_after(said).expect("the tests' beginnings are long enough");
            let mut chooser = Chooser::new();
            for (index, byte) in said.iter().enumerate().take(certain) {
                let step = chooser.feed(b"");
                assert!(
                    step == Step::Wait,
                    "after {index} bytes of \"{}\", and an empty piece\n  expected: Wait\n       got: {}",
                    said.escape_ascii(),
                    words(&step)
                );
                let step = chooser.feed(&[*byte]);
                let expected = if index + 1 < certain {
                    Step::Wait
                } else {
                    Step::Serve(protocol, said[..certain].to_vec())
                };
                assert!(
                    step == expected,
                    "after {} bytes of \"{}\", with an empty piece before each\n  expected: {}\n       got: {}",
                    index + 1,
                    said.escape_ascii(),
                    words(&expected),
                    words(&step)
                );
            }
        }
    });
}

#[test]
fn a_client_may_end_within_the_preface() {
    proctor::watch(|| {
        for length in 1..PREFACE.len() {
            let said = &PREFACE[..length];
            for split in proctor::splits(said) {
                let mut chooser = Chooser::new();
                for piece in &split {
                    let step = chooser.feed(piece);
                    assert!(
                        step == Step::Wait,
                        "the beginning of the preface, as {split}\n  expected: Wait\n       got: {}",
                        words(&step)
                    );
                }
                let expected = Step::Serve(Protocol::Http1, said.to_vec());
                let step = chooser.end();
                assert!(
                    step == expected,
                    "the client has said {split}, and ends\n  expected: {}\n       got: {}",
                    words(&expected),
                    words(&step)
                );
            }
        }
    });
}

#[test]
fn a_client_may_say_nothing() {
    proctor::watch(|| {
        let step = Chooser::new().end();
        assert!(
            step == Step::Close,
            "the client has said nothing, and ends\n  expected: Close\n       got: {}",
            words(&step)
        );
        let mut chooser = Chooser::new();
        chooser.feed(b"");
        let step = chooser.end();
        assert!(
            step == Step::Close,
            "an empty piece has come, and the client ends\n  expected: Close\n       got: {}",
            words(&step)
        );
    });
}

#[test]
fn who_waits_costs_nothing() {
    proctor::watch(|| {
        let mark = Mark::here();
        let mut chooser = Chooser::new();
        for (index, byte) in PREFACE[..23].iter().enumerate() {
            chooser.feed(&[*byte]);
            proctor::expect_eq!(
                mark.highest(),
                0,
                "bytes taken from the allocator before it is certain: byte {} of the preface has come",
                index + 1
            );
        }
        let size = size_of::<Chooser>();
        assert!(size <= 64, "a Chooser has {size} bytes, where 24 are the most there is to keep");
    });
}
