//! The site in Python, followed by hand, says what the site in Rust says.
//!
//! What is compared are the recordings, which the book's tests compare with fresh runs.

use std::fs;
use std::path::Path;

fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("recorded/{name}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn one_request_is_the_same_events_in_rust_and_in_python() {
    let (rust, python) = (recorded("follow"), recorded("follow-python"));
    for (number, (ours, theirs)) in rust.lines().zip(python.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {} of follow and of follow-python", number + 1);
    }
    assert_eq!(rust.lines().count(), python.lines().count(), "lines of follow and follow-python");
}
