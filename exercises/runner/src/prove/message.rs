//! The message of a failed test as it is recorded: what is the same on every machine and in every run.
//!
//! It leaves out thread numbers, places in files, and the checkout's folder.
//! A message that holds an address, a port or a measured time is not for recording: its test should not print one.

use std::path::Path;

use crate::libtest::{Passage, passages};

/// Brings a test's captured output into its recorded form.
pub fn normalised(captured: &str, root: &Path) -> String {
    let passages = passages(captured);
    let panics = passages.iter().filter(|passage| matches!(passage, Passage::Panic { .. })).count();
    let mut text = String::new();
    for passage in passages {
        if !text.is_empty() {
            text.push('\n');
        }
        match passage {
            Passage::Printed(printed) => text.push_str(&printed),
            Passage::Panic { thread, message, .. } => {
                // A lone panic is the test's own: its header would say nothing.
                if panics > 1 {
                    match thread {
                        Some(name) => text.extend(["thread '", &*name, "' panicked:\n"]),
                        None => text.push_str("a thread without a name panicked:\n"),
                    }
                }
                text.push_str(&message);
            }
        }
        text.push('\n');
    }
    let root = format!("{}/", root.display());
    let mut lines = String::new();
    for line in text.trim_matches('\n').lines() {
        let line = line.replace(&root, "");
        let line = without_places(&without_thread_number(&line));
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

/// `thread 'main' (4711) has overflowed its stack` loses its number.
fn without_thread_number(line: &str) -> String {
    if let Some(rest) = line.strip_prefix("thread '")
        && let Some((name, rest)) = rest.split_once("' (")
        && let Some((number, rest)) = rest.split_once(')')
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return format!("thread '{name}'{rest}");
    }
    line.to_owned()
}

/// `src/lib.rs:7:9` becomes `src/lib.rs`.
fn without_places(line: &str) -> String {
    let mut pieces = line.split(".rs:");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push_str(".rs");
        match number_length(piece) {
            0 => {
                text.push(':');
                text.push_str(piece);
            }
            digits => {
                let rest = &piece[digits..];
                let column = rest.strip_prefix(':').map_or(0, number_length);
                text.push_str(if column > 0 { &rest[1 + column..] } else { rest });
            }
        }
    }
    text
}

fn number_length(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(captured: &str) -> String {
        normalised(captured, Path::new("/home/ada/tidepool"))
    }

    #[test]
    fn a_lone_panic_is_its_message() {
        let captured = "\nthread 'a' (31) panicked at exercises/01/1-x/tests/x.rs:5:9:\nassertion failed: two  \n  left: 1\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        assert_eq!(of(captured), "assertion failed: two\n  left: 1\n");
    }

    #[test]
    fn several_panics_name_their_threads() {
        let captured = "seen: 3\n\nthread '<unnamed>' (32) panicked at src/lib.rs:1:1:\nboom\n\nthread 'a' (31) panicked at tests/x.rs:5:9:\njoined\n";
        assert_eq!(
            of(captured),
            "seen: 3\n\na thread without a name panicked:\nboom\n\nthread 'a' panicked:\njoined\n"
        );
    }

    #[test]
    fn what_changes_from_run_to_run_is_gone() {
        assert_eq!(
            of(
                "thread 'a' (31) has overflowed its stack\nsee /home/ada/tidepool/src/lib.rs:7:9, or lib.rs:12: there"
            ),
            "thread 'a' has overflowed its stack\nsee src/lib.rs, or lib.rs: there\n"
        );
        assert_eq!(of("lib.rs: five (5)"), "lib.rs: five (5)\n");
    }
}
