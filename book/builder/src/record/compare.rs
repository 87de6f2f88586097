//! When two outputs are the same.

use std::fmt::Write as _;

use similar::TextDiff;

/// An output without what differs from one run to the next in any program: the number of a thread that panics.
pub fn lasting(output: &str) -> String {
    let mut lasting = String::with_capacity(output.len());
    for line in output.split_inclusive('\n') {
        lasting.push_str(&without_thread_number(line).unwrap_or_else(|| line.to_owned()));
    }
    lasting
}

/// `thread 'main' (4711) panicked at …`, without the number.
fn without_thread_number(line: &str) -> Option<String> {
    let (start, rest) = line.split_once(" (")?;
    let (number, rest) = rest.split_once(") panicked at ")?;
    (start.starts_with("thread '") && number.bytes().all(|b| b.is_ascii_digit()))
        .then(|| format!("{start} panicked at {rest}"))
}

/// Units that change with the size of a number.
const UNITS: &[&str] = &[
    "ns", "µs", "μs", "us", "ms", "s", "min", "h", "B", "kB", "KB", "MB", "GB", "KiB", "MiB",
    "GiB", "%", "x", "×",
];

/// The shape of a measured output: its words in their order, every number (with its unit) the same, spaces run together,
/// and bars of blocks of one length.
pub fn shape(output: &str) -> String {
    let mut shape = String::with_capacity(output.len());
    for line in lasting(output).lines() {
        let mut rest = line.trim_end();
        while let Some(c) = rest.chars().next() {
            let starts_word = !shape.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if c.is_ascii_digit() && starts_word {
                rest = after_number(rest);
                shape.push('#');
            } else if c == ' ' || c == '\t' {
                rest = rest.trim_start_matches([' ', '\t']);
                shape.push(' ');
            } else if is_block(c) {
                rest = rest.trim_start_matches(is_block);
                shape.push('█');
            } else {
                shape.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        shape.push('\n');
    }
    shape
}

/// How many lines a measured output has, where its words depend on what was measured.
pub fn lines(output: &str) -> String {
    match lasting(output).lines().count() {
        1 => String::from("1 line\n"),
        count => format!("{count} lines\n"),
    }
}

fn is_block(c: char) -> bool {
    ('\u{2580}'..='\u{259f}').contains(&c)
}

/// What follows a number and its unit.
fn after_number(text: &str) -> &str {
    let number = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '_' | ':')))
        .unwrap_or(text.len());
    // A full stop or comma that ends the sentence is none of the number's.
    let number = text[..number].trim_end_matches(['.', ',', ':']).len();
    let after = &text[number..];
    let spaced = after.strip_prefix(' ').unwrap_or(after);
    let word = spaced
        .find(|c: char| !(c.is_alphabetic() || matches!(c, '%' | '×')))
        .unwrap_or(spaced.len());
    if UNITS.contains(&&spaced[..word]) { &spaced[word..] } else { after }
}

/// What is different, as a diff of lines; `None` where nothing is.
pub fn difference(recorded: &str, fresh: &str) -> Option<String> {
    (recorded != fresh).then(|| {
        TextDiff::from_lines(recorded, fresh)
            .unified_diff()
            .context_radius(2)
            .header("recorded", "this run")
            .to_string()
    })
}

/// The first lines of a long diff.
pub fn head(diff: &str) -> String {
    const LINES: usize = 12;
    let mut head: String = diff
        .lines()
        .take(LINES)
        .map(|line| line.chars().take(160).collect::<String>() + "\n")
        .collect();
    let more = diff.lines().count().saturating_sub(LINES);
    if more > 0 {
        let _ = writeln!(head, "… and {more} lines more");
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_the_same_where_only_numbers_differ() {
        let recorded = "10000 threads:  1.25 s, 80.5 MiB.\n  at 3 MB/s ████\n";
        let fresh = "100 threads: 12 ms, 812 KiB.\n  at 14 kB/s ██▌\n";
        assert_eq!(shape(recorded), "# threads: #, #.\n at #/s █\n");
        assert_eq!(shape(recorded), shape(fresh));
    }

    #[test]
    fn lines_are_counted_where_words_vary() {
        assert_eq!(lines("5 served\n2 never\n"), lines("4 served, 1 never\nall\n"));
        assert_ne!(lines("5 served\n"), lines("5 served\n2 never\n"));
    }

    #[test]
    fn words_lines_and_names_with_digits_are_part_of_the_shape() {
        assert_ne!(shape("one 1\n"), shape("two 1\n"));
        assert_ne!(shape("1\n2\n"), shape("1\n"));
        assert_ne!(shape("u32\n"), shape("u64\n"));
        assert_eq!(shape("0:01:55 left, 24 tables"), "# left, # tables\n");
    }

    #[test]
    fn a_panicking_threads_number_does_not_count() {
        let a = "thread 'main' (41) panicked at src/a.rs:3:1:\nno tea\n";
        let b = "thread 'main' (97311) panicked at src/a.rs:3:1:\nno tea\n";
        assert_eq!(lasting(a), lasting(b));
        assert_ne!(lasting(a), lasting(&b.replace("no tea", "no milk")));
    }

    #[test]
    fn a_difference_is_shown_line_by_line() {
        assert_eq!(difference("a\n", "a\n"), None);
        let diff = difference("a\nb\n", "a\nc\n").unwrap();
        assert!(diff.contains("--- recorded\n+++ this run\n"), "{diff}");
        assert!(diff.contains("-b\n+c\n"), "{diff}");
        assert!(head(&"x\n".repeat(20)).ends_with("… and 8 lines more\n"));
    }
}
