//! A conversation over a scripted stream, on a clock that is a number.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use event_loop::{Conversation, Next, Pace, Service, Stream};
use proctor::script::Script;
use wsgi::{Config, ErrorLog, crab_app};

const SECOND: Duration = Duration::from_secs(1);

/// A scripted stream that would block where its script is at its end, unless it is to hang up.
struct Scripted {
    script: Script,
    hangs_up: bool,
    told: bool,
}

impl Read for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.script.unread().is_empty() && !self.hangs_up {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.script.read(buffer)
    }
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.script.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Scripted {
    fn close_writing(&mut self) -> io::Result<()> {
        self.told = true;
        Ok(())
    }
}

struct Talk {
    stream: Scripted,
    conversation: Conversation,
    service: Service,
}

impl Talk {
    fn with(script: Script) -> Self {
        let pace = Arc::new(Pace::new());
        let config =
            Config { signed: false, errors: ErrorLog::new(io::sink()), ..Config::default() };
        let here = ([127, 0, 0, 1], 80).into();
        Self {
            stream: Scripted { script, hangs_up: false, told: false },
            conversation: Conversation::new(config.limits.clone(), here, here),
            service: Service::new(crab_app(pace.clone()), pace, config),
        }
    }

    /// Goes on until there is something to wait for.
    fn go(&mut self, now: Duration) -> Next {
        for _ in 0..1_000 {
            match self.conversation.go(&mut self.stream, &self.service, now).unwrap() {
                Next::Again => {}
                next => return next,
            }
        }
        panic!("a thousand turns, and nothing to wait for");
    }

    fn heard(&self) -> String {
        self.stream.script.written_text()
    }
}

const PAGE: &str = "GET /crabs/hermit HTTP/1.1\r\nHost: crabsarecool.com\r\n\r\n";

#[test]
fn a_request_however_it_is_cut_gets_the_same_page() {
    let mut whole = Talk::with(Script::new().gives(PAGE));
    assert_eq!(whole.go(Duration::ZERO), Next::Read(5 * SECOND), "the next request has 5 s");
    assert!(whole.heard().contains("borrowed shell"));
    for split in proctor::splits(PAGE) {
        let pieces = split.iter().fold(Script::new(), |script, piece| {
            script.blocks_read().gives(piece).interrupts_read()
        });
        let mut talk = Talk::with(pieces.takes_each(7));
        while talk.heard() != whole.heard() {
            let next = talk.go(Duration::ZERO);
            assert!(matches!(next, Next::Read(_)), "{next:?} after {split}");
        }
    }
}

#[test]
fn while_the_output_is_backed_up_nothing_is_read() {
    let script = Script::new().gives(PAGE.repeat(2)).takes(10).blocks_write();
    let mut talk = Talk::with(script);
    assert_eq!(talk.go(SECOND), Next::Write(31 * SECOND));
    assert_eq!((talk.stream.script.reads(), talk.heard().len()), (1, 10));
    assert_eq!(talk.go(2 * SECOND), Next::Read(7 * SECOND));
    assert_eq!(talk.heard().matches("200 OK").count(), 2);
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let mut talk = Talk::with(Script::new().gives(PAGE).blocks_write().blocks_write());
    assert_eq!(talk.go(Duration::ZERO), Next::Write(30 * SECOND));
    assert_eq!(talk.go(30 * SECOND), Next::Close);
}

#[test]
fn half_a_head_has_ten_seconds_however_it_trickles() {
    let mut talk = Talk::with(Script::new());
    assert_eq!(talk.go(Duration::ZERO), Next::Read(5 * SECOND));
    for second in 1..=9 {
        talk.stream.script = talk.stream.script.clone().gives("G");
        assert_eq!(talk.go(second * SECOND), Next::Read(11 * SECOND), "after {second} bytes");
    }
    talk.go(11 * SECOND);
    assert!(talk.heard().starts_with("HTTP/1.1 408 "), "{}", talk.heard());
}

#[test]
fn a_silent_client_is_closed_without_a_word() {
    let mut talk = Talk::with(Script::new());
    assert_eq!(talk.go(Duration::ZERO), Next::Read(5 * SECOND));
    assert_eq!(talk.go(5 * SECOND), Next::Close);
    assert_eq!(talk.heard(), "");
}

#[test]
fn the_feed_pauses_where_the_application_sleeps() {
    let mut talk = Talk::with(Script::new().gives("GET /feed?readings=3 HTTP/1.0\r\n\r\n"));
    assert_eq!(talk.go(10 * SECOND), Next::Pause(11 * SECOND));
    assert_eq!(talk.heard().matches("rising").count(), 1);
    assert_eq!(talk.go(10 * SECOND), Next::Pause(11 * SECOND), "looked at too early");
    assert_eq!(talk.go(11 * SECOND), Next::Pause(12 * SECOND));
    assert_eq!(talk.heard().matches("rising").count(), 2);
    assert_eq!(talk.go(12 * SECOND), Next::Close);
    assert_eq!(talk.heard().matches("rising").count(), 3);
    assert!(talk.stream.told, "the client is told that nothing more comes");
}

#[test]
fn an_entry_for_the_guest_book_waits_for_its_body() {
    let head =
        "POST /guests HTTP/1.1\r\nHost: c\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";
    let mut talk = Talk::with(Script::new().gives(head));
    assert_eq!(talk.go(Duration::ZERO), Next::Read(30 * SECOND));
    assert_eq!(talk.heard(), "HTTP/1.1 100 Continue\r\n\r\n");
    talk.stream.script = talk.stream.script.clone().gives("name=Judit");
    talk.go(SECOND);
    assert!(talk.heard().contains("303 See Other"), "{}", talk.heard());
}

#[test]
fn a_refused_request_is_answered_and_listened_to_for_a_second() {
    let mut talk = Talk::with(Script::new().gives("\u{1}\u{2}"));
    assert_eq!(talk.go(Duration::ZERO), Next::Read(SECOND));
    assert!(talk.heard().starts_with("HTTP/1.1 400 "), "{}", talk.heard());
    assert!(talk.stream.told);
    assert_eq!(talk.go(SECOND), Next::Close);
}

#[test]
fn one_conversation_does_not_take_the_whole_turn() {
    let mut talk = Talk::with(Script::new().gives(PAGE.repeat(100)));
    let next = talk.conversation.go(&mut talk.stream, &talk.service, Duration::ZERO).unwrap();
    assert_eq!(next, Next::Again);
    assert!(talk.heard().matches("200 OK").count() < 10);
}
