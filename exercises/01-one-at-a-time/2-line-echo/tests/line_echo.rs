//! Lines, however they arrive.

use std::io::{self, ErrorKind, Read, Write};

use line_echo::serve;
use proctor::script::Script;

/// Serves a client, and returns what was sent to it, as text that is easy to compare.
fn answers(client: Script) -> String {
    let seen = client.clone();
    let result = proctor::watch(move || serve(client));
    assert!(
        result.is_ok(),
        "expected Ok(()) when the client hangs up, got {result:?}"
    );
    seen.written().escape_ascii().to_string()
}

#[test]
fn a_line_is_answered() {
    assert_eq!(
        answers(Script::new().gives("tide?\n")),
        r"you said: tide?\n"
    );
}

#[test]
fn a_client_that_says_nothing_hears_nothing() {
    assert_eq!(answers(Script::new()), "");
}

#[test]
fn an_empty_line_is_a_line() {
    assert_eq!(
        answers(Script::new().gives("\n\n")),
        r"you said: \nyou said: \n"
    );
}

#[test]
fn several_lines_in_one_read() {
    let answers = answers(Script::new().gives("one\ntwo\nthree\n"));
    assert_eq!(answers, r"you said: one\nyou said: two\nyou said: three\n");
}

#[test]
fn however_the_input_is_cut() {
    for split in proctor::splits("high\r\nlow\n\r\nslack") {
        let answers = answers(Script::new().gives_each(split.iter()));
        assert_eq!(
            answers, r"you said: high\nyou said: low\nyou said: \n",
            "the input arrived as {split}"
        );
    }
}

#[test]
fn one_carriage_return_belongs_to_the_ending() {
    assert_eq!(answers(Script::new().gives("a\r\n")), r"you said: a\n");
    assert_eq!(
        answers(Script::new().gives("a\r\r\n")),
        r"you said: a\r\n",
        "two \\r, of which one is the line's"
    );
    assert_eq!(
        answers(Script::new().gives("a\rb\n")),
        r"you said: a\rb\n",
        "a \\r in the middle is the line's"
    );
    assert_eq!(
        answers(Script::new().gives("\ra\n")),
        r"you said: \ra\n",
        "a \\r at the beginning is the line's"
    );
}

#[test]
fn what_stands_after_the_last_newline_is_no_line() {
    assert_eq!(answers(Script::new().gives("one\ntw")), r"you said: one\n");
    assert_eq!(
        answers(Script::new().gives("one\ntwo\r")),
        r"you said: one\n"
    );
}

#[test]
fn a_line_need_not_be_text() {
    assert_eq!(
        answers(Script::new().gives(b"\xff\x00\xfe\n")),
        r"you said: \xff\x00\xfe\n"
    );
}

#[test]
fn a_line_longer_than_any_buffer() {
    let line = "x".repeat(100_000);
    let answers = answers(Script::new().gives(format!("{line}\nshort\n")));
    assert_eq!(
        answers.len(),
        format!("you said: {line}\\nyou said: short\\n").len(),
        "length of the answers"
    );
}

#[test]
fn a_client_that_takes_little_at_a_time_gets_it_all() {
    for at_most in [1, 2, 3, 7] {
        let answers = answers(Script::new().gives("one\ntwo\n").takes_each(at_most));
        assert_eq!(
            answers, r"you said: one\nyou said: two\n",
            "the client takes at most {at_most} bytes of each write"
        );
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
    assert_eq!(
        answers(client),
        r"you said: one\n",
        "three reads are interrupted"
    );
    let client = Script::new()
        .gives("one\n")
        .interrupts_write()
        .takes(3)
        .interrupts_write();
    assert_eq!(
        answers(client),
        r"you said: one\n",
        "two writes are interrupted"
    );
}

#[test]
fn other_errors_are_returned() {
    let error =
        |client: Script| proctor::watch(move || serve(client)).map_err(|error| error.kind());
    let client = Script::new()
        .gives("one\n")
        .fails_read(ErrorKind::ConnectionReset);
    assert_eq!(
        error(client),
        Err(ErrorKind::ConnectionReset),
        "the second read fails"
    );
    let client = Script::new()
        .gives("one\n")
        .takes(3)
        .fails_write(ErrorKind::BrokenPipe);
    assert_eq!(
        error(client),
        Err(ErrorKind::BrokenPipe),
        "the second write fails"
    );
    let client = Script::new().gives("one\n").takes_each(0);
    assert_eq!(
        error(client),
        Err(ErrorKind::WriteZero),
        "a write that takes nothing, ever, is an error"
    );
}

/// A client that says its next line only when it has heard the answer to the last.
struct Patient {
    lines: Vec<&'static str>,
    said: usize,
    heard: Vec<u8>,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let answered = self.heard.iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(
            answered, self.said,
            "`read` was called while the client waits for its answer: it has said {} line(s) and heard {answered} answer(s). \
             On a real connection both sides now wait for ever",
            self.said
        );
        let Some(line) = self.lines.get(self.said) else {
            return Ok(0);
        };
        self.said += 1;
        buffer[..line.len()].copy_from_slice(line.as_bytes());
        Ok(line.len())
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

#[test]
fn a_line_is_answered_before_the_next_is_awaited() {
    let result = proctor::watch(|| {
        serve(Patient {
            lines: vec!["one\n", "two\r\n", "three\n"],
            said: 0,
            heard: Vec::new(),
        })
    });
    assert!(result.is_ok(), "expected Ok(()), got {result:?}");
}
