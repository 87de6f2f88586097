//! Reads what a test program prints: the lines of results, and each failure's captured output.
//!
//! This is the text form, which has been the same for years; the JSON form is not stable.

use std::collections::BTreeMap;
use std::process::Command;

/// What became of one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// `ok`
    Passed,
    /// `FAILED`
    Failed,
    /// `ignored`
    Ignored,
}

/// What a test program printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The tests whose result was printed, in the order they ended, and what became of each.
    pub tests: Vec<(String, Outcome)>,
    /// The captured output of each test that failed.
    pub messages: BTreeMap<String, String>,
    /// Whether the last line (`test result: …`) was reached: a program that crashed or was killed does not print it.
    pub complete: bool,
}

impl Report {
    /// Reads a test program's standard output.
    pub fn parse(stdout: &str) -> Self {
        let mut report = Self::default();
        let mut lines = stdout.lines();
        for line in lines.by_ref() {
            if line == "failures:" {
                break;
            }
            if line.starts_with("test result: ") {
                report.complete = true;
            } else if let Some((name, outcome)) = result(line) {
                report.tests.push((name.to_owned(), outcome));
            }
        }

        let mut failing: Option<(String, String)> = None;
        for line in lines {
            if let Some(name) = section(line) {
                report.keep(failing.replace((name.to_owned(), String::new())));
            } else if line == "failures:" {
                report.keep(failing.take());
            } else if line.starts_with("test result: ") {
                report.complete = true;
            } else if let Some((_, message)) = &mut failing {
                message.push_str(line);
                message.push('\n');
            }
        }
        report.keep(failing);
        report
    }

    fn keep(&mut self, failing: Option<(String, String)>) {
        if let Some((name, message)) = failing {
            let message = message.trim_matches('\n').to_owned();
            self.messages.insert(name, message);
        }
    }

    /// How many tests passed.
    pub fn passed(&self) -> usize {
        self.count(Outcome::Passed)
    }

    /// How many tests failed.
    pub fn failed(&self) -> usize {
        self.count(Outcome::Failed)
    }

    fn count(&self, wanted: Outcome) -> usize {
        self.tests.iter().filter(|(_, outcome)| *outcome == wanted).count()
    }
}

/// `test frames::split ... ok`; what a test printed past the capture may stand before the result.
pub fn result(line: &str) -> Option<(&str, Outcome)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let outcome = if rest.ends_with("ok") {
        Outcome::Passed
    } else if rest.ends_with("FAILED") {
        Outcome::Failed
    } else if rest.starts_with("ignored") {
        Outcome::Ignored
    } else {
        return None;
    };
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    Some((name, outcome))
}

/// `---- frames::split stdout ----`
fn section(line: &str) -> Option<&str> {
    let name = line.strip_prefix("---- ")?.strip_suffix(" stdout ----")?;
    Some(name.strip_suffix(" - should panic").unwrap_or(name))
}

/// Gives a test program the environment in which its messages are the same for everybody.
pub fn quiet(command: &mut Command) {
    command.env("RUST_BACKTRACE", "0");
    for variable in [
        "RUST_LIB_BACKTRACE",
        "RUST_TEST_THREADS",
        "RUST_TEST_NOCAPTURE",
        "RUST_TEST_SHUFFLE",
        "RUST_LOG",
        "TIMELINE_DIR",
    ] {
        command.env_remove(variable);
    }
}

/// The tests that a program has, from its `--list --format terse`.
pub fn list(stdout: &str) -> Vec<String> {
    stdout.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// One panic in a test's captured output, or the output between two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// What the test printed.
    Printed(String),
    /// A panic: where it happened (`tests/exhibition.rs:41`, without the column), and its message.
    Panic {
        /// The thread's name, if it has one.
        thread: Option<String>,
        /// File and line.
        place: String,
        /// The message, several lines perhaps.
        message: String,
    },
}

/// Takes a test's captured output apart, without backtraces and the advice to switch them on.
///
/// After a panic's message nothing marks where it ends and the test's own output goes on:
/// such output counts as part of the message.
pub fn passages(captured: &str) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let mut in_backtrace = false;
    for line in captured.lines() {
        if let Some((thread, place)) = panic_line(line) {
            in_backtrace = false;
            passages.push(Passage::Panic {
                thread: thread.map(str::to_owned),
                place: place.to_owned(),
                message: String::new(),
            });
            continue;
        }
        if line == "stack backtrace:" {
            in_backtrace = true;
        }
        if line.starts_with("note: run with `RUST_BACKTRACE=1`")
            || line.starts_with("note: Some details are omitted")
        {
            in_backtrace = false;
            continue;
        }
        // What Shuttle says of a failing order besides the message; it can't be told not to.
        if line.starts_with("test panicked in task '") || line.starts_with("Test deadlocked, and ")
        {
            continue;
        }
        if in_backtrace {
            continue;
        }
        if passages.is_empty() {
            passages.push(Passage::Printed(String::new()));
        }
        if let Some(Passage::Printed(text) | Passage::Panic { message: text, .. }) =
            passages.last_mut()
        {
            text.push_str(line);
            text.push('\n');
        }
    }
    for passage in &mut passages {
        let (Passage::Printed(text) | Passage::Panic { message: text, .. }) = passage;
        *text = text.trim_matches('\n').to_owned();
    }
    passages.retain(|passage| !matches!(passage, Passage::Printed(text) if text.is_empty()));
    passages
}

/// `thread 'main' (4711) panicked at src/lib.rs:7:9:`
fn panic_line(line: &str) -> Option<(Option<&str>, &str)> {
    let rest = line.strip_prefix("thread '")?;
    let (thread, place) = rest.split_once(" panicked at ")?;
    let thread = thread.rsplit_once('\'')?.0;
    let place = place.strip_suffix(':')?;
    let place = place
        .rsplit_once(':')
        .filter(|(_, column)| column.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(place, |(place, _)| place);
    Some(((thread != "<unnamed>").then_some(thread), place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILING: &str = "
running 4 tests
test a ... ok
test deep::er::b ... FAILED
test c - should panic ... FAILED
test d ... ignored, takes long

failures:

---- deep::er::b stdout ----
hello

thread '<unnamed>' (77) panicked at a/src/lib.rs:1:17:
not yet implemented
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

thread 'deep::er::b' (76) panicked at a/tests/x.rs:12:5:
assertion `left == right` failed: two
  left: 1
 right: 2

---- c - should panic stdout ----
note: test did not panic as expected at tests/x.rs:9:4

failures:
    c
    deep::er::b

test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

";

    #[test]
    fn results_and_messages_are_told_apart() {
        let report = Report::parse(FAILING);
        assert!(report.complete);
        assert_eq!(
            report.tests,
            [
                ("a".to_owned(), Outcome::Passed),
                ("deep::er::b".to_owned(), Outcome::Failed),
                ("c".to_owned(), Outcome::Failed),
                ("d".to_owned(), Outcome::Ignored),
            ]
        );
        assert_eq!((report.passed(), report.failed()), (1, 2));
        assert!(report.messages["deep::er::b"].starts_with("hello\n"));
        assert_eq!(report.messages["c"], "note: test did not panic as expected at tests/x.rs:9:4");
    }

    #[test]
    fn a_program_that_died_is_incomplete() {
        let report = Report::parse("\nrunning 2 tests\ntest a ... ok\ntest b ... ");
        assert!(!report.complete);
        assert_eq!(report.tests.len(), 1);
    }

    #[test]
    fn a_result_is_found_after_output_that_escaped_the_capture() {
        let report = Report::parse("test a ... from a childok\n");
        assert_eq!(report.tests, [("a".to_owned(), Outcome::Passed)]);
    }

    #[test]
    fn a_captured_line_that_looks_like_a_result_is_none() {
        let report = Report::parse(
            "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\ntest b ... ok\n\n\nfailures:\n    a\n\ntest result: FAILED.\n",
        );
        assert_eq!(report.tests.len(), 1);
        assert_eq!(report.messages["a"], "test b ... ok");
    }

    #[test]
    fn panics_are_told_from_output_and_lose_the_noise() {
        let report = Report::parse(FAILING);
        assert_eq!(
            passages(&report.messages["deep::er::b"]),
            [
                Passage::Printed("hello".to_owned()),
                Passage::Panic {
                    thread: None,
                    place: "a/src/lib.rs:1".to_owned(),
                    message: "not yet implemented".to_owned(),
                },
                Passage::Panic {
                    thread: Some("deep::er::b".to_owned()),
                    place: "a/tests/x.rs:12".to_owned(),
                    message: "assertion `left == right` failed: two\n  left: 1\n right: 2"
                        .to_owned(),
                },
            ]
        );
    }

    #[test]
    fn a_backtrace_is_left_out() {
        let captured = "\nthread 't' (1) panicked at x.rs:1:2:\nboom\nstack backtrace:\n   0: __rustc::rust_begin_unwind\n   1: main\nnote: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n";
        assert_eq!(
            passages(captured),
            [Passage::Panic {
                thread: Some("t".to_owned()),
                place: "x.rs:1".to_owned(),
                message: "boom".to_owned(),
            }]
        );
    }

    #[test]
    fn tests_are_listed() {
        assert_eq!(list("a: test\ndeep::b: test\nc: benchmark\n"), ["a", "deep::b"]);
    }
}
