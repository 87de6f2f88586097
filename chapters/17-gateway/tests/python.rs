//! The site in Python, followed by hand, says what the site in Rust says.
//!
//! What is compared are the recordings, which the book's tests compare with fresh runs.

use std::fs;
use std::path::Path;

fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("recorded/{name}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn compare(ours: &str, theirs: &str) {
    let (rust, python) = (recorded(ours), recorded(theirs));
    for (number, (here, there)) in rust.lines().zip(python.lines()).enumerate() {
        assert_eq!(here, there, "line {} of {ours} and of {theirs}", number + 1);
    }
    assert_eq!(rust.lines().count(), python.lines().count(), "lines of {ours} and of {theirs}");
}

#[test]
fn one_request_is_the_same_events_in_rust_and_in_python() {
    compare("follow", "follow-python");
}

#[test]
fn the_chat_is_the_same_in_rust_and_in_python() {
    compare("scoped", "scoped-python");
}
