//! Lines, however they arrive.

use std::io::{self, ErrorKind, Read, Write};

use line_echo::serve;
use proctor::script::Script;

/// Serves a client to its end, and compares what it was sent.
#[track_caller]
fn expect_answers(client: Script, expected: &str, what: &str) {
    let seen = client.clone();
    let result = proctor::watch(move || serve(client));
    assert!(result.is_ok(), "expected Ok(()) when the client hangs up, got {result:?}");
    proctor::expect_eq!(
        String::from_utf8_lossy(&seen.written()),
        expected,
        "the answers to {what}"
    );
}

#[test]
fn a_line_is_answered() {
    expect_answers(Script::new().gives("tide?\n"), "you said: tide?\n", "a line");
}

#[test]
fn a_client_that_says_nothing_hears_nothing() {
    expect_answers(Script::new(), "", "no input at all");
}

#[test]
fn an_empty_line_is_a_line() {
    expect_answers(Script::new().gives("\n\n"), "you said: \nyou said: \n", "two empty lines");
}

#[test]
fn several_lines_in_one_read() {
    let client = Script::new().gives("one\ntwo\nthree\n");
    expect_answers(
        client,
        "you said: one\nyou said: two\nyou said: three\n",
        "three lines that came in one read",
    );
}

#[test]
fn however_the_input_is_cut() {
    for split in proctor::splits("high\r\nlow\n\r\nslack") {
        let client = Script::new().gives_each(split.iter());
        expect_answers(
            client,
            "you said: high\nyou said: low\nyou said: \n",
            &format!("reads of {split}"),
        );
    }
}

#[test]
fn one_carriage_return_belongs_to_the_ending() {
    let cases = [
        ("a\r\n", "you said: a\n", r"a\r\n, whose \r belongs to the ending"),
        ("a\r\r\n", "you said: a\r\n", r"a\r\r\n, whose first \r is the line's"),
        ("a\rb\n", "you said: a\rb\n", r"a\rb\n, whose \r is the line's"),
        ("\ra\n", "you said: \ra\n", r"\ra\n, whose \r is the line's"),
    ];
    for (line, answer, what) in cases {
        expect_answers(Script::new().gives(line), answer, what);
    }
}

#[test]
fn what_stands_after_the_last_newline_is_no_line() {
    expect_answers(
        Script::new().gives("one\ntw"),
        "you said: one\n",
        r"one\ntw and the end of the input",
    );
    expect_answers(
        Script::new().gives("one\ntwo\r"),
        "you said: one\n",
        r"one\ntwo\r and the end of the input",
    );
}

#[test]
fn a_line_need_not_be_text() {
    let client = Script::new().gives(b"\xff\x00\xfe\n");
    let seen = client.clone();
    let result = proctor::watch(move || serve(client));
    assert!(result.is_ok(), "a line may hold any bytes; expected Ok(()), got {result:?}");
    proctor::expect_eq!(
        seen.written().escape_ascii().to_string(),
        b"you said: \xff\x00\xfe\n".escape_ascii().to_string(),
        "the answer to the bytes ff 00 fe"
    );
}

#[test]
fn a_line_longer_than_any_buffer() {
    let line = "x".repeat(100_000);
    let client = Script::new().gives(format!("{line}\nshort\n"));
    let seen = client.clone();
    let result = proctor::watch(move || serve(client));
    assert!(result.is_ok(), "expected Ok(()) when the client hangs up, got {result:?}");
    let expected = format!("you said: {line}\nyou said: short\n");
    proctor::expect_eq!(
        seen.written().len(),
        expected.len(),
        "bytes in the answers to a line of 100,000 and one of 5"
    );
    assert!(
        seen.written() == expected.as_bytes(),
        "the answers have the right length and the wrong bytes"
    );
}

#[test]
fn a_client_that_takes_little_at_a_time_gets_it_all() {
    for at_most in [1, 2, 3, 7] {
        let client = Script::new().gives("one\ntwo\n").takes_each(at_most);
        let what = format!("two lines, where each write takes at most {at_most} of its bytes");
        expect_answers(client, "you said: one\nyou said: two\n", &what);
    }
}

#[test]
fn an_interruption_is_no_end() {
    let client = Script::new()
        .interrupts_read()
        .gives("on")
        .interrupts_read()
        .gives("e\n")
        .interrupts_read();
    expect_answers(client, "you said: one\n", "a line with three reads interrupted");
    let client = Script::new().gives("one\n").interrupts_write().takes(3).interrupts_write();
    expect_answers(client, "you said: one\n", "a line with two writes interrupted");
}

#[test]
fn other_errors_are_returned() {
    let error =
        |client: Script| proctor::watch(move || serve(client)).map_err(|error| error.kind());
    let client = Script::new().gives("one\n").fails_read(ErrorKind::ConnectionReset);
    proctor::expect_eq!(
        error(client),
        Err(ErrorKind::ConnectionReset),
        "what `serve` returns when the second read fails"
    );
    let client = Script::new().gives("one\n").takes(3).fails_write(ErrorKind::BrokenPipe);
    proctor::expect_eq!(
        error(client),
        Err(ErrorKind::BrokenPipe),
        "what `serve` returns when the second write fails"
    );
    let client = Script::new().gives("one\n").takes_each(0);
    proctor::expect_eq!(
        error(client),
        Err(ErrorKind::WriteZero),
        "what `serve` returns when writes take nothing, ever"
    );
}

/// A client that goes on only when it has heard the answer to each line that it has finished.
struct Patient {
    /// What it says at a time: whole lines, and the beginning of one.
    pieces: Vec<&'static [u8]>,
    /// What it has said and the server has not read yet.
    unread: &'static [u8],
    /// How many lines it has finished.
    lines: usize,
    heard: Vec<u8>,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            let answers = self.heard.iter().filter(|&&byte| byte == b'\n').count();
            assert!(
                answers >= self.lines,
                "`read` was called while the client waits: it has finished {} line(s) and heard {answers} answer(s). \
                 On a real connection both sides now wait for ever",
                self.lines
            );
            assert!(
                answers <= self.lines,
                "the client has finished {} line(s) and heard {answers} answers",
                self.lines
            );
            if self.pieces.is_empty() {
                return Ok(0);
            }
            self.unread = self.pieces.remove(0);
            self.lines += self.unread.iter().filter(|&&byte| byte == b'\n').count();
        }
        let (now, later) = self.unread.split_at(self.unread.len().min(buffer.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.unread = later;
        Ok(now.len())
    }
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heard.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn serve_patiently(pieces: Vec<&'static [u8]>) {
    let patient = Patient { pieces, unread: b"", lines: 0, heard: Vec::new() };
    let result = proctor::watch(|| serve(patient));
    assert!(result.is_ok(), "expected Ok(()), got {result:?}");
}

#[test]
fn a_line_is_answered_before_the_next_is_awaited() {
    serve_patiently(vec![b"one\n", b"two\r\n", b"three\n"]);
}

#[test]
fn a_line_is_answered_though_the_next_has_begun() {
    serve_patiently(vec![b"one\ntw", b"o\nthree\nfour\nfi", b"ve\n"]);
}
