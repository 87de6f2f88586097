//! The programs in Python say what the programs in Rust say.
//!
//! What is compared are the recordings, which the book's tests compare with fresh runs.

use std::fs;
use std::path::Path;

fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("recorded/{name}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_two_questions_are_the_same_in_rust_and_in_python() {
    assert_eq!(recorded("two-questions"), recorded("two-questions-python"));
}

#[test]
fn starlette_does_what_the_application_by_hand_does() {
    assert_eq!(recorded("saved-starlette"), recorded("saved-by-hand"));
}

#[test]
fn the_guest_book_has_the_same_story_in_rust_and_in_python() {
    // What the application and its client say; the servers have words of their own.
    let story = |name| {
        let text = recorded(name);
        let words = ["the book", "signs", "hears", "  book"];
        let told = text.lines().filter(|line| words.iter().any(|word| line.contains(word)));
        told.map(str::to_owned).collect::<Vec<_>>()
    };
    let (rust, python) = (story("saved"), story("saved-starlette"));
    assert_eq!(rust.len(), 5, "{rust:?}");
    assert_eq!(rust, python);
}
