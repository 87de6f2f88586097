//! A line echo that never waits, driven by hand.

use std::io::{self, ErrorKind};

use echo_machine::{Echo, Wants};
use proctor::script::{Call, Script};

/// What happened before a call, from the stream's side.
#[derive(Default)]
struct Seen {
    given: usize,
    taken: usize,
    at_end: bool,
}

impl Seen {
    /// Bytes of complete lines that were given and have not come back.
    fn owed(&self, input: &[u8]) -> usize {
        let given = &input[..self.given];
        let lines = given.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        lines.saturating_sub(self.taken)
    }
}

/// Calls `go` until the conversation is over, and looks at everything it does on the way.
fn serve(script: Script) -> io::Result<String> {
    let input = script.unread();
    proctor::watch(move || {
        let mut stream = script.clone();
        let mut echo = Echo::new();
        let mut seen = Seen::default();
        for _ in 0..10_000 {
            let before = script.calls().len();
            let wants = echo.go(&mut stream)?;
            let calls = script.calls();
            let mut blocked = None;
            for call in &calls[before..] {
                if let Some(blocked) = blocked {
                    panic!(
                        "`go` made the call {call:?} after {blocked:?}, which would have blocked. \
                         In a loop that is a busy loop: return, and be called when the stream is ready"
                    );
                }
                look(call, &mut seen, &input);
                let (Call::Read { given: result, .. } | Call::Write { taken: result, .. }) = call
                else {
                    continue;
                };
                if *result == Err(ErrorKind::WouldBlock) {
                    blocked = Some(call);
                }
            }
            let owed = seen.owed(&input);
            match wants {
                Wants::Read => assert!(
                    owed == 0 && !seen.at_end,
                    "`go` returned Wants::Read while it owes {owed} byte(s), and the input's end was {}. \
                     The client may say nothing more: the conversation hangs",
                    if seen.at_end { "seen" } else { "not seen" }
                ),
                Wants::Write => assert!(
                    owed > 0,
                    "`go` returned Wants::Write and owes nothing. There is always room to write: the poller calls again at once, for ever"
                ),
                Wants::Close => {
                    assert!(seen.at_end, "`go` returned Wants::Close before the end of the input");
                    assert!(
                        owed == 0,
                        "`go` returned Wants::Close while it owes {owed} byte(s). \
                         The client has ended its side and is still listening"
                    );
                    return Ok(script.written_text());
                }
            }
        }
        panic!("`go` was called 10,000 times, and the conversation is not over")
    })
}

fn look(call: &Call, seen: &mut Seen, input: &[u8]) {
    match call {
        Call::Read { given, .. } => {
            let owed = seen.owed(input);
            assert!(
                owed == 0,
                "`read` was called while {owed} byte(s) were owed. \
                 A client that sends much and reads little makes such a server keep it all"
            );
            assert!(!seen.at_end, "`read` was called again after the end of the input");
            match given {
                Ok(0) => seen.at_end = true,
                Ok(n) => seen.given += n,
                Err(_) => {}
            }
        }
        Call::Write { taken, .. } => seen.taken += taken.unwrap_or(0),
        Call::Flush => {}
    }
}

#[track_caller]
fn expect_echo(script: Script, expected: &str, what: &str) {
    match serve(script) {
        Ok(written) => proctor::expect_eq!(written, expected, "what came back to {what}"),
        Err(error) => panic!("expected Ok for {what}, got the error {:?}", error.kind()),
    }
}

#[test]
fn lines_come_back() {
    expect_echo(Script::new().gives("high\nlow\n"), "high\nlow\n", "two lines in one read");
    expect_echo(Script::new().gives("\n\n"), "\n\n", "two empty lines");
    expect_echo(Script::new(), "", "a client that says nothing");
}

#[test]
fn a_read_that_would_block_loses_nothing() {
    let text = "high\r\nlow\n\nslack\n";
    for split in proctor::splits(text) {
        let script = split
            .iter()
            .fold(Script::new().blocks_read(), |script, piece| script.gives(piece).blocks_read());
        expect_echo(script, text, &format!("reads of {split}, with WouldBlock between them"));
    }
}

#[test]
fn a_line_may_be_longer_than_any_buffer() {
    let line = format!("{}\n", "long ".repeat(1_000));
    let script = Script::new().gives(&line).blocks_read().gives("short\n");
    expect_echo(script, &format!("{line}short\n"), "a line of 5,001 bytes and a short one");
}

#[test]
fn a_line_is_sent_when_it_is_complete() {
    proctor::watch(|| {
        let mut script = Script::new().gives("long ".repeat(1_000));
        for _ in 0..8 {
            script = script.blocks_read();
        }
        let mut echo = Echo::new();
        for _ in 0..8 {
            let wants = echo.go(&mut script.clone()).map_err(|error| error.kind());
            proctor::expect_eq!(
                wants,
                Ok(Wants::Read),
                "what it waits for in the middle of a line"
            );
        }
        proctor::expect_eq!(script.writes(), 0, "writes before the end of the first line");
    });
}

#[test]
fn a_line_is_bytes_and_need_not_be_text() {
    let line = b"mar\xc3\xa9e \xff\x00\n";
    for split in proctor::splits(line) {
        let script = split.iter().fold(Script::new(), Script::gives);
        let came = serve(script.clone()).map_err(|error| error.kind());
        assert!(came.is_ok(), "expected Ok for reads of {split}, got {came:?}");
        proctor::expect_eq!(script.written(), line, "the bytes that came back to reads of {split}");
    }
}

#[test]
fn a_write_that_would_block_loses_nothing() {
    for at_most in 1..=9 {
        let mut script = Script::new().gives("high\nlow").gives("er\nlowest\n").blocks_write();
        for _ in 0..20 {
            script = script.takes(at_most).blocks_write();
        }
        let what = format!("a client that takes {at_most} byte(s) between two WouldBlock");
        expect_echo(script, "high\nlower\nlowest\n", &what);
    }
}

#[test]
fn a_short_write_leaves_the_rest_owed() {
    for at_most in 1..=9 {
        let script = Script::new().gives("high\nlow").gives("er\nlowest\n").takes_each(at_most);
        let what = format!("a client that takes {at_most} byte(s) of each write");
        expect_echo(script, "high\nlower\nlowest\n", &what);
    }
}

#[test]
fn would_block_ends_the_turn() {
    let script =
        Script::new().blocks_read().blocks_read().gives("tide\n").blocks_write().blocks_write();
    expect_echo(script, "tide\n", "a client that makes us wait four times");
}

#[test]
fn nothing_is_read_while_something_is_owed() {
    let script =
        Script::new().gives("one\n").gives("two\n").gives("three\n").takes(2).blocks_write();
    expect_echo(script, "one\ntwo\nthree\n", "a client that sends on and does not read");
}

#[test]
fn a_client_that_has_ended_its_side_gets_its_lines() {
    let script = Script::new().gives("one\n").gives("two\n").blocks_write().takes(1).blocks_write();
    expect_echo(script, "one\ntwo\n", "a client that has ended its side");
}

#[test]
fn what_stands_after_the_last_newline_is_no_line() {
    expect_echo(Script::new().gives("one\ntw"), "one\n", r"one\ntw and the end of the input");
    expect_echo(Script::new().gives("tw").blocks_read(), "", "tw and the end of the input");
}

#[test]
fn interruptions_are_tried_again() {
    let script = Script::new()
        .interrupts_read()
        .gives("on")
        .interrupts_read()
        .gives("e\n")
        .interrupts_write()
        .takes(2)
        .interrupts_write();
    expect_echo(script, "one\n", "a client with four interruptions");
}

#[test]
fn other_errors_are_returned() {
    let error = |script| serve(script).map_err(|error| error.kind());
    let script = Script::new().gives("one\n").fails_read(ErrorKind::ConnectionReset);
    proctor::expect_eq!(error(script), Err(ErrorKind::ConnectionReset), "the second read fails");
    let script = Script::new().gives("one\n").takes(2).fails_write(ErrorKind::BrokenPipe);
    proctor::expect_eq!(error(script), Err(ErrorKind::BrokenPipe), "the second write fails");
    let script = Script::new().gives("one\n").takes_each(0);
    proctor::expect_eq!(error(script), Err(ErrorKind::WriteZero), "a write takes nothing");
}
