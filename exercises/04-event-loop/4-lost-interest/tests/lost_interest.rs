//! A parrot behind a poller that forgets.

use std::io::{self, ErrorKind};

use lost_interest::{Interest, Parrot, Poller};
use proctor::script::{Call, Script};

/// A poller in oneshot mode whose stream is always about to be ready.
#[derive(Default)]
struct Oneshot {
    armed: Option<Interest>,
}

impl Poller for Oneshot {
    fn arm(&mut self, interest: Interest) {
        self.armed = Some(interest);
    }
}

/// Lets the parrot talk to its end, and looks at what is armed after each call.
fn talk(script: Script) -> io::Result<String> {
    proctor::watch(move || {
        let mut stream = script.clone();
        let mut parrot = Parrot::new();
        let mut poller = Oneshot { armed: Some(Interest::Read) };
        let (mut given, mut taken) = (0, 0);
        for _ in 0..1_000 {
            poller.armed = None; // it tells, and forgets
            let before = script.calls().len();
            let stays = parrot.ready(&mut stream, &mut poller);
            let calls = script.calls();
            let calls = &calls[before..];
            for call in calls {
                match call {
                    Call::Read { given: read, .. } => given += read.unwrap_or(0),
                    Call::Write { taken: written, .. } => taken += written.unwrap_or(0),
                    Call::Flush => {}
                }
            }
            let blocked = calls.iter().position(|call| {
                let (Call::Read { given: result, .. } | Call::Write { taken: result, .. }) = call
                else {
                    return false;
                };
                *result == Err(ErrorKind::WouldBlock)
            });
            assert!(
                blocked.is_none_or(|at| at + 1 == calls.len()),
                "`ready` went on after WouldBlock, with {calls:?}. In a loop that is a busy loop: return, and have the poller tell"
            );
            if !matches!(stays, Ok(true)) {
                proctor::expect_eq!(
                    poller.armed,
                    None,
                    "what is armed after the conversation is over"
                );
                return stays.map(|_| script.written_text());
            }
            let owed = given - taken;
            let expected = if owed > 0 { Interest::Write } else { Interest::Read };
            match poller.armed {
                None => panic!(
                    "nothing is armed after {calls:?}, with {owed} byte(s) owed. \
                     Nobody will call `ready` again: the connection hangs"
                ),
                Some(armed) => proctor::expect_eq!(
                    armed,
                    expected,
                    "what is armed after {calls:?}, with {owed} byte(s) owed"
                ),
            }
        }
        panic!("`ready` was called 1,000 times, and the conversation is not over")
    })
}

#[track_caller]
fn expect_back(script: Script, expected: &str, what: &str) {
    match talk(script) {
        Ok(heard) => proctor::expect_eq!(heard, expected, "what came back to {what}"),
        Err(error) => panic!("expected Ok for {what}, got the error {:?}", error.kind()),
    }
}

#[test]
fn a_quick_visitor_hears_everything() {
    let script = Script::new().gives("pieces of ").gives("eight");
    expect_back(script, "pieces of eight", "a visitor who takes every write whole");
    let speech = "pieces of eight, ".repeat(20);
    expect_back(Script::new().gives(&speech), &speech, "a visitor who says 340 bytes at once");
}

#[test]
fn a_visitor_who_takes_half_a_word_hears_the_rest() {
    for at_most in 1..=5 {
        let script = Script::new().gives("pieces of ").gives("eight").takes_each(at_most);
        expect_back(
            script,
            "pieces of eight",
            &format!("a visitor who takes {at_most} byte(s) of a write"),
        );
    }
}

#[test]
fn a_poller_that_tells_of_reading_in_vain_is_asked_again() {
    let script =
        Script::new().blocks_read().gives("pieces of ").blocks_read().blocks_read().gives("eight");
    expect_back(script, "pieces of eight", "a visitor whose poller tells of reading in vain");
}

#[test]
fn a_poller_that_tells_of_writing_in_vain_is_asked_again() {
    let script = Script::new().gives("eight").blocks_write().takes(2).blocks_write().blocks_write();
    expect_back(script, "eight", "a visitor whose poller tells of writing in vain");
}

#[test]
fn an_interruption_hangs_nobody() {
    let script = Script::new()
        .interrupts_read()
        .gives("pieces")
        .interrupts_write()
        .takes(3)
        .interrupts_write();
    expect_back(script, "pieces", "a visitor with interruptions");
}

#[test]
fn the_poller_waits_for_what_the_parrot_waits_for() {
    let script = Script::new().gives("one").takes(1).takes(1).gives("two").takes(1);
    expect_back(script, "onetwo", "a visitor who takes a byte at a time");
}

#[test]
fn an_error_is_the_end() {
    let error = |script| talk(script).map_err(|error| error.kind());
    let script = Script::new().gives("one").fails_read(ErrorKind::ConnectionReset);
    proctor::expect_eq!(error(script), Err(ErrorKind::ConnectionReset), "the second read fails");
    let script = Script::new().gives("one").fails_write(ErrorKind::BrokenPipe);
    proctor::expect_eq!(error(script), Err(ErrorKind::BrokenPipe), "the first write fails");
    let script = Script::new().gives("one").takes(0);
    proctor::expect_eq!(error(script), Err(ErrorKind::WriteZero), "a write takes nothing");
}
