//! The ways to cut an input.

use std::collections::HashSet;

fn shown(bytes: &str) -> Vec<String> {
    proctor::splits(bytes).iter().map(ToString::to_string).collect()
}

#[test]
fn four_bytes_have_every_cut() {
    let expected = [
        r#""abcd""#,
        r#""a" | "bcd""#,
        r#""ab" | "cd""#,
        r#""abc" | "d""#,
        r#""a" | "b" | "c" | "d""#,
        r#""a" | "b" | "cd""#,
        r#""a" | "bc" | "d""#,
        r#""ab" | "c" | "d""#,
    ];
    assert_eq!(shown("abcd"), expected);
}

#[test]
fn no_split_comes_twice_and_each_is_the_whole_input() {
    let input = "GET / HTTP/1.1\r\n\r\n and some more";
    for length in 0..=input.len() {
        let splits = proctor::splits(&input[..length]);
        let mut seen = HashSet::new();
        for split in &splits {
            assert!(seen.insert(split.to_string()), "{split} comes twice");
            assert_eq!(split.concat(), input.as_bytes()[..length]);
            assert!(split.into_iter().all(|piece| !piece.is_empty()), "{split}");
        }
    }
}

#[test]
fn a_long_input_has_one_cut_at_a_time() {
    assert_eq!(shown(&"x".repeat(25)).len(), 1 + 24 + 1);
    assert_eq!(shown(&"x".repeat(24)).len(), 1 + 23 + 1 + 23 * 22 / 2);
}

#[test]
fn bytes_that_are_no_text_are_escaped() {
    assert_eq!(shown("\r\n"), [r#""\r\n""#, r#""\r" | "\n""#]);
    assert_eq!(shown(""), [""]);
}
