//! Frames, whole and in portions, and what becomes of them.

use std::fmt;

use proctor::memory::{Counting, Mark};
use reassemble::{Event, Fault, Head, Opcode, Reassembler};

#[global_allocator]
static MEMORY: Counting = Counting;

/// No message in the tests is longer, where the limit is not what is tested.
const ENOUGH: usize = 1_000;

/// A frame.
#[derive(Clone, PartialEq, Eq)]
struct Frame {
    opcode: Opcode,
    last: bool,
    payload: Vec<u8>,
}

impl Frame {
    fn head(&self) -> Head {
        Head { last: self.last, opcode: self.opcode, length: self.payload.len() as u64 }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.last { "" } else { ", more to come" };
        write!(f, "{:?}({}{more})", self.opcode, shown(&self.payload))
    }
}

/// The last frame of something.
fn last(opcode: Opcode, payload: impl AsRef<[u8]>) -> Frame {
    Frame { opcode, last: true, payload: payload.as_ref().to_vec() }
}

/// A frame that others follow.
fn part(opcode: Opcode, payload: impl AsRef<[u8]>) -> Frame {
    Frame { opcode, last: false, payload: payload.as_ref().to_vec() }
}

/// A message in such fragments, and after each but the last what is to stand between.
fn message<'a>(
    opcode: Opcode,
    fragments: impl IntoIterator<Item = &'a [u8]>,
    between: &[Frame],
) -> Vec<Frame> {
    let mut frames = Vec::new();
    for fragment in fragments {
        if !frames.is_empty() {
            frames.extend_from_slice(between);
        }
        let opcode = if frames.is_empty() { opcode } else { Opcode::Continuation };
        frames.push(part(opcode, fragment));
    }
    if let Some(frame) = frames.last_mut() {
        frame.last = true;
    }
    frames
}

/// Bytes, as much of them as somebody wants to read.
fn shown(bytes: &[u8]) -> String {
    match bytes {
        [first, .., last] if bytes.len() > 30 => {
            let (count, last) = (bytes.len(), last.escape_ascii());
            format!("\"{}…{last}\" of {count} bytes", first.escape_ascii())
        }
        _ => format!("\"{}\"", bytes.escape_ascii()),
    }
}

/// Events in words.
fn told(events: &[Event]) -> String {
    let words = events.iter().map(|event| match event {
        Event::Text(text) => format!("Text({})", shown(text.as_bytes())),
        Event::Binary(bytes) => format!("Binary({})", shown(bytes)),
        Event::Ping(bytes) => format!("Ping({})", shown(bytes)),
        Event::Pong(bytes) => format!("Pong({})", shown(bytes)),
        Event::Close(bytes) => format!("Close({})", shown(bytes)),
    });
    format!("[{}]", words.collect::<Vec<_>>().join(", "))
}

/// Frames in words.
fn words(frames: &[Frame]) -> String {
    frames.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Where a fault came: in which frame, and with how many bytes of its payload; none of them is its head.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Failed {
    fault: Fault,
    frame: usize,
    bytes: usize,
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = self.frame + 1;
        match self.bytes {
            0 => write!(f, "{:?}, by the head of frame {frame}", self.fault),
            bytes => write!(f, "{:?}, with byte {bytes} of frame {frame}", self.fault),
        }
    }
}

/// How much of a payload comes at a time.
#[derive(Debug, Clone, Copy)]
enum Portions {
    Whole,
    Bytes,
}

impl Portions {
    const BOTH: [Self; 2] = [Self::Whole, Self::Bytes];

    fn words(self) -> &'static str {
        match self {
            Self::Whole => "each payload in one portion",
            Self::Bytes => "each payload a byte at a time",
        }
    }
}

/// Hands over frames until there is a fault.
fn hand(
    reassembler: &mut Reassembler,
    frames: &[Frame],
    portions: Portions,
) -> (Vec<Event>, Option<Failed>) {
    let mut events = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        let size = match portions {
            Portions::Whole => frame.payload.len().max(1),
            Portions::Bytes => 1,
        };
        let mut bytes = 0;
        let mut next = reassembler.head(frame.head());
        let mut rest = frame.payload.chunks(size);
        loop {
            match next {
                Ok(event) => events.extend(event),
                Err(fault) => return (events, Some(Failed { fault, frame: index, bytes })),
            }
            let Some(portion) = rest.next() else { break };
            bytes += portion.len();
            next = reassembler.payload(portion);
        }
    }
    (events, None)
}

/// These frames are these events.
#[track_caller]
fn gives(frames: &[Frame], expected: &[Event]) {
    for portions in Portions::BOTH {
        let mut reassembler = Reassembler::new(ENOUGH);
        let (events, failed) = hand(&mut reassembler, frames, portions);
        if let Some(failed) = failed {
            panic!(
                "{}, {}: nothing is wrong with it, and it failed: {failed:?}",
                words(frames),
                portions.words()
            );
        }
        if events != expected {
            let (events, expected) = (told(&events), told(expected));
            panic!(
                "{}, {}\n  expected: {expected}\n       got: {events}",
                words(frames),
                portions.words()
            );
        }
    }
}

/// The last of these frames may not come: its head fails.
#[track_caller]
fn fails_at_the_last_head(limit: usize, frames: &[Frame], fault: Fault, why: &str) {
    let mut reassembler = Reassembler::new(limit);
    let (_, failed) = hand(&mut reassembler, frames, Portions::Whole);
    let expected = Failed { fault, frame: frames.len() - 1, bytes: 0 };
    proctor::expect_eq!(
        failed,
        Some(expected),
        "{}, with a limit of {limit} bytes: {why}.",
        words(frames)
    );
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

fn binary(bytes: &[u8]) -> Event {
    Event::Binary(bytes.to_vec())
}

#[test]
fn a_message_in_one_frame() {
    proctor::watch(|| {
        gives(&[last(Opcode::Text, "crab")], &[text("crab")]);
        gives(&[last(Opcode::Text, "Krebs 🦀, ćrâb")], &[text("Krebs 🦀, ćrâb")]);
        gives(&[last(Opcode::Binary, [0, 1, 2])], &[binary(&[0, 1, 2])]);
        gives(&[last(Opcode::Text, "")], &[text("")]);
        gives(&[last(Opcode::Binary, "")], &[binary(b"")]);
    });
}

#[test]
fn one_message_after_another() {
    proctor::watch(|| {
        let frames = [
            last(Opcode::Text, "one"),
            last(Opcode::Binary, "two"),
            part(Opcode::Text, "th"),
            last(Opcode::Continuation, "ree"),
            last(Opcode::Text, ""),
            last(Opcode::Text, "five"),
        ];
        let events = [text("one"), binary(b"two"), text("three"), text(""), text("five")];
        gives(&frames, &events);
    });
}

#[test]
fn fragments_cut_anywhere() {
    proctor::watch(|| {
        let whole = "cräb🦀ßs";
        for fragments in proctor::splits(whole) {
            gives(&message(Opcode::Text, &fragments, &[]), &[text(whole)]);
            let frames = message(Opcode::Binary, &fragments, &[]);
            gives(&frames, &[binary(whole.as_bytes())]);
        }
    });
}

#[test]
fn fragments_may_be_empty() {
    proctor::watch(|| {
        for fragments in [
            &["", "crab"][..],
            &["crab", ""],
            &["", "", "cr", "", "ab", ""],
            &["", ""],
            &["", "", ""],
        ] {
            let fragments = || fragments.iter().map(|fragment| fragment.as_bytes());
            let whole = fragments().collect::<Vec<_>>().concat();
            gives(&message(Opcode::Binary, fragments(), &[]), &[binary(&whole)]);
            let whole = String::from_utf8(whole).expect("the fragments are text");
            gives(&message(Opcode::Text, fragments(), &[]), &[text(&whole)]);
        }
    });
}

#[test]
fn control_frames_between_fragments_come_at_once() {
    proctor::watch(|| {
        let between = [
            last(Opcode::Ping, [0xff, 0]),
            last(Opcode::Pong, ""),
            last(Opcode::Ping, [b'x'; 125]),
        ];
        let events =
            [Event::Ping(vec![0xff, 0]), Event::Pong(Vec::new()), Event::Ping(vec![b'x'; 125])];
        let whole = "cräb🦀";
        for fragments in proctor::splits(whole) {
            let frames = message(Opcode::Text, &fragments, &between);
            let mut expected = Vec::new();
            for _ in 1..fragments.len() {
                expected.extend_from_slice(&events);
            }
            expected.push(text(whole));
            gives(&frames, &expected);
        }
        let close = [3, 232, b'b', b'y', b'e'];
        let frames = [part(Opcode::Text, "half a mess"), last(Opcode::Close, close)];
        gives(&frames, &[Event::Close(close.to_vec())]);
        let frames = [last(Opcode::Close, "")];
        gives(&frames, &[Event::Close(Vec::new())]);
    });
}

#[test]
fn bytes_need_not_be_text() {
    proctor::watch(|| {
        let bytes = [0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xf0, 0x9f];
        for fragments in proctor::splits(&bytes) {
            gives(&message(Opcode::Binary, &fragments, &[]), &[binary(&bytes)]);
        }
    });
}

#[test]
fn a_continuation_continues_something() {
    proctor::watch(|| {
        let more = part(Opcode::Continuation, "more");
        let end = last(Opcode::Continuation, "");
        for before in [
            &[][..],
            &[last(Opcode::Text, "whole")],
            &[last(Opcode::Text, "")],
            &[part(Opcode::Binary, "wh"), last(Opcode::Continuation, "ole")],
            &[part(Opcode::Text, ""), last(Opcode::Continuation, "")],
            &[last(Opcode::Ping, "whole")],
        ] {
            for next in [&more, &end] {
                let frames = [before, std::slice::from_ref(next)].concat();
                let why = "nothing is there to be continued";
                fails_at_the_last_head(ENOUGH, &frames, Fault::Protocol, why);
            }
        }
    });
}

#[test]
fn a_message_ends_before_the_next_begins() {
    proctor::watch(|| {
        for before in [
            &[part(Opcode::Text, "be")][..],
            &[part(Opcode::Binary, "be")],
            &[part(Opcode::Text, "")],
            &[part(Opcode::Binary, ""), part(Opcode::Continuation, "")],
            &[part(Opcode::Text, "be"), last(Opcode::Ping, "")],
        ] {
            for next in
                [last(Opcode::Text, "new"), part(Opcode::Binary, ""), part(Opcode::Text, "")]
            {
                let frames = [before, &[next][..]].concat();
                let why = "a message has begun, and is not at its end";
                fails_at_the_last_head(ENOUGH, &frames, Fault::Protocol, why);
            }
        }
    });
}

#[test]
fn a_control_frame_is_short_and_whole() {
    proctor::watch(|| {
        for opcode in [Opcode::Ping, Opcode::Pong, Opcode::Close] {
            let why = "a control frame has at most 125 bytes";
            fails_at_the_last_head(ENOUGH, &[last(opcode, [b'x'; 126])], Fault::Protocol, why);
            let why = "a control frame is not fragmented";
            fails_at_the_last_head(ENOUGH, &[part(opcode, "x")], Fault::Protocol, why);
            let frames = [part(Opcode::Text, "x"), part(opcode, "")];
            fails_at_the_last_head(ENOUGH, &frames, Fault::Protocol, why);
        }
    });
}

#[test]
fn a_message_may_be_as_long_as_the_limit() {
    proctor::watch(|| {
        let whole = [b'x'; 10];
        for fragments in proctor::splits(&whole) {
            for opcode in [Opcode::Text, Opcode::Binary] {
                let between = [last(Opcode::Ping, [b'p'; 100])];
                let frames = message(opcode, &fragments, &between);
                // Twice, as the limit is each message's.
                let frames = [&frames[..], &frames].concat();
                let mut reassembler = Reassembler::new(10);
                let (events, failed) = hand(&mut reassembler, &frames, Portions::Whole);
                proctor::expect_eq!(
                    failed,
                    None,
                    "{}, where a message may have 10 bytes",
                    words(&frames)
                );
                proctor::expect_eq!(events.len(), 2 * fragments.len(), "how many events there are");
            }
        }
    });
}

#[test]
fn a_message_beyond_the_limit_fails_with_the_head_that_says_so() {
    proctor::watch(|| {
        let why = "with the last frame, the message is longer";
        for fragments in proctor::splits(&[b'x'; 11]) {
            for opcode in [Opcode::Text, Opcode::Binary] {
                let frames = message(opcode, &fragments, &[last(Opcode::Pong, "")]);
                // The head of the last fragment passes the limit, as it has at least one byte.
                fails_at_the_last_head(10, &frames, Fault::TooBig, why);
                let mut frames = frames;
                frames.last_mut().expect("there are frames").last = false;
                fails_at_the_last_head(10, &frames, Fault::TooBig, "the message is longer already");
            }
        }
        let frames = [last(Opcode::Binary, "x")];
        fails_at_the_last_head(0, &frames, Fault::TooBig, "the message is longer");
    });
}

#[test]
fn a_length_has_63_bits() {
    proctor::watch(|| {
        for length in [11, (1 << 16) + 3, (1 << 32) + 3, (1 << 62) + 3, (1 << 63) - 1] {
            for before in [0_usize, 1, 10] {
                let mut reassembler = Reassembler::new(10);
                let mut opcode = Opcode::Binary;
                if before > 0 {
                    let (_, failed) = hand(
                        &mut reassembler,
                        &[part(Opcode::Binary, vec![b'x'; before])],
                        Portions::Whole,
                    );
                    proctor::expect_eq!(failed, None, "a fragment of {before} bytes");
                    opcode = Opcode::Continuation;
                }
                let head = Head { last: true, opcode, length };
                proctor::expect_eq!(
                    reassembler.head(head),
                    Err(Fault::TooBig),
                    "a head that announces {length} bytes, after a fragment of {before}, where a message may have 10"
                );
            }
        }
    });
}

/// No text begins like this, or none is like this at its end.
const BAD: [&[u8]; 14] = [
    b"crab \xff crab",
    b"\xff",
    b"\x80",
    b"crab\xc3\xa4\xa4",
    b"\xc0\xaf",
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"s\xed\xbf\xbfs",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xe2\x82x",
    b"\xf0\x9f\xa6 crabs",
    b"\xce\xba\xcf\x8c\xcf\x83\xed\xa0\x80\xce",
    b"\xc3(",
];

/// How many bytes there are up to the first that no text can have there.
fn up_to_the_bad_byte(bytes: &[u8]) -> usize {
    let is_bad = |count: &usize| {
        std::str::from_utf8(&bytes[..*count]).is_err_and(|error| error.error_len().is_some())
    };
    (1..=bytes.len()).find(is_bad).expect("one of them is bad")
}

/// Which fragment that is, and how many bytes of it come with the portion in which it is.
fn place(fragments: &[&[u8]], count: usize, portions: Portions) -> (usize, usize) {
    let mut before = 0;
    for (index, fragment) in fragments.iter().enumerate() {
        if count <= before + fragment.len() {
            return match portions {
                Portions::Whole => (index, fragment.len()),
                Portions::Bytes => (index, count - before),
            };
        }
        before += fragment.len();
    }
    unreachable!("it is in one of the fragments")
}

#[test]
fn a_bad_text_fails_with_its_first_bad_byte() {
    proctor::watch(|| {
        for bytes in BAD {
            let count = up_to_the_bad_byte(bytes);
            for fragments in proctor::splits(bytes) {
                for portions in Portions::BOTH {
                    for between in [&[][..], &[last(Opcode::Ping, "ping")]] {
                        let frames = message(Opcode::Text, &fragments, between);
                        let mut reassembler = Reassembler::new(ENOUGH);
                        let (_, failed) = hand(&mut reassembler, &frames, portions);
                        let (fragment, in_it) = place(&fragments, count, portions);
                        let frame = fragment * (between.len() + 1);
                        let expected = Failed { fault: Fault::NotText, frame, bytes: in_it };
                        proctor::expect_eq!(
                            failed,
                            Some(expected),
                            "{}, {}: byte {count} of the text is the first that cannot stand there.",
                            words(&frames),
                            portions.words()
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn a_text_that_ends_within_a_character_fails_at_its_end() {
    proctor::watch(|| {
        for bytes in [&b"crab\xc3"[..], b"\xe2\x82", b"\xf0\x9f\xa6", b"\xf0", b"\xf4\x8f"] {
            for fragments in proctor::splits(bytes) {
                for an_empty_one_more in [false, true] {
                    let mut frames = message(Opcode::Text, &fragments, &[]);
                    if an_empty_one_more {
                        frames.last_mut().expect("there are frames").last = false;
                        frames.push(last(Opcode::Continuation, ""));
                    }
                    let mut reassembler = Reassembler::new(ENOUGH);
                    let (events, failed) = hand(&mut reassembler, &frames, Portions::Bytes);
                    let end = frames.len() - 1;
                    let bytes = frames[end].payload.len();
                    let expected = Failed { fault: Fault::NotText, frame: end, bytes };
                    proctor::expect_eq!(
                        (failed, events),
                        (Some(expected), Vec::new()),
                        "{}, a byte at a time: the message ends, and its last character does not",
                        words(&frames)
                    );
                }
            }
        }
    });
}

#[test]
fn a_long_text_may_come_a_byte_at_a_time() {
    proctor::watch(|| {
        let long = "\u{fc}".repeat(1 << 18);
        let mut reassembler = Reassembler::new(1 << 20);
        let head = Head { last: true, opcode: Opcode::Text, length: long.len() as u64 };
        proctor::expect_eq!(reassembler.head(head), Ok(None), "the head of a long text");
        let mut event = Ok(None);
        for byte in long.bytes() {
            event = reassembler.payload(&[byte]);
        }
        assert!(
            matches!(&event, Ok(Some(Event::Text(text))) if *text == long),
            "all of a text of 512 KiB is there, which came a byte at a time, and the text is not"
        );
    });
}

#[test]
fn each_fault_has_its_code() {
    proctor::watch(|| {
        for (fault, code) in
            [(Fault::Protocol, 1002), (Fault::NotText, 1007), (Fault::TooBig, 1009)]
        {
            proctor::expect_eq!(fault.code(), code, "the code of {fault:?}");
        }
    });
}

#[test]
fn a_fault_is_the_end() {
    proctor::watch(|| {
        let late = [last(Opcode::Text, "late"), last(Opcode::Ping, ""), part(Opcode::Ping, "")];
        for (frames, fault) in [
            (vec![last(Opcode::Continuation, "x")], Fault::Protocol),
            (vec![part(Opcode::Text, "x"), last(Opcode::Binary, "x")], Fault::Protocol),
            (
                vec![part(Opcode::Text, "x"), last(Opcode::Continuation, "\u{7f}123456789")],
                Fault::TooBig,
            ),
            (vec![last(Opcode::Text, [0xff])], Fault::NotText),
        ] {
            let mut reassembler = Reassembler::new(10);
            let (_, failed) = hand(&mut reassembler, &frames, Portions::Whole);
            proctor::expect_eq!(
                failed.map(|failed| failed.fault),
                Some(fault),
                "{}, with a limit of 10 bytes",
                words(&frames)
            );
            for frame in &late {
                proctor::expect_eq!(
                    reassembler.head(frame.head()),
                    Err(fault),
                    "the frame {frame}, which comes after {} has failed",
                    words(&frames)
                );
            }
        }
        let mut reassembler = Reassembler::new(10);
        let bad = Frame { payload: b"\xffcrab".to_vec(), ..last(Opcode::Text, "") };
        assert!(reassembler.head(bad.head()).is_ok(), "the head of {bad} is right");
        for portion in [&b"\xff"[..], b"cr", b"ab"] {
            proctor::expect_eq!(
                reassembler.payload(portion),
                Err(Fault::NotText),
                "the portion \"{}\" of {bad}, a part of which has failed",
                portion.escape_ascii()
            );
        }
    });
}

#[test]
fn a_head_is_a_promise() {
    proctor::watch(|| {
        for opcode in [Opcode::Text, Opcode::Binary] {
            let mark = Mark::here();
            let mut reassembler = Reassembler::new(64 << 20);
            let head = Head { last: false, opcode, length: 16 << 20 };
            proctor::expect_eq!(reassembler.head(head), Ok(None), "a head within the limit");
            let highest = mark.highest();
            assert!(
                highest <= 68 * 1024,
                "a head announces 16 MiB, nothing else has come, and {highest} bytes are taken for it.\n\
                 Ten thousand such heads cost a peer 140 kB"
            );
            proctor::expect_eq!(reassembler.payload(b"x"), Ok(None), "a byte of its payload");
            let highest = mark.highest();
            assert!(
                highest <= 68 * 1024,
                "a head announces 16 MiB, one byte has come, and {highest} bytes are taken for it"
            );
            let mut come = 1;
            while come < 300_000 {
                proctor::expect_eq!(
                    reassembler.payload(&[b'x'; 1_000]),
                    Ok(None),
                    "1,000 bytes more of its payload"
                );
                come += 1_000;
                let kept = mark.held();
                assert!(
                    kept <= 2 * come + 68 * 1024,
                    "a head announces 16 MiB, {come} bytes have come, 1,000 at a time, and {kept} bytes are held: \
                     more than twice that, and 64 KiB"
                );
            }
        }
    });
}

#[test]
fn nothing_is_kept_of_a_message_that_was() {
    proctor::watch(|| {
        let long = vec![b'x'; 1 << 20];
        let mark = Mark::here();
        let mut reassembler = Reassembler::new(2 << 20);
        for opcode in [Opcode::Text, Opcode::Binary] {
            let head = Head { last: true, opcode, length: long.len() as u64 };
            proctor::expect_eq!(reassembler.head(head), Ok(None), "the head of a long message");
            let event = reassembler.payload(&long);
            assert!(
                matches!(event, Ok(Some(Event::Text(_) | Event::Binary(_)))),
                "the payload of a long message is there, and the message is not"
            );
            drop(event);
            let kept = mark.held();
            assert!(
                kept <= 4096,
                "a message of 1 MiB was handed out and dropped, and {kept} bytes are still held"
            );
        }
        let head = Head { last: false, opcode: Opcode::Binary, length: long.len() as u64 };
        proctor::expect_eq!(reassembler.head(head), Ok(None), "the head of a long fragment");
        proctor::expect_eq!(reassembler.payload(&long), Ok(None), "the payload of a long fragment");
        let head = Head { last: true, opcode: Opcode::Text, length: 1 };
        proctor::expect_eq!(
            reassembler.head(head),
            Err(Fault::Protocol),
            "a message inside of another"
        );
        let kept = mark.held();
        assert!(
            kept <= 4096,
            "a message of 1 MiB was under way when the peer made a fault, and {kept} bytes are still held"
        );
    });
}
