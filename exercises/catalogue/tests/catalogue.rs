//! The catalogue on small trees, sound and broken.

use std::fs;
use std::path::Path;

use catalogue::{Error, Tree};

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const MANIFEST: &str = "[package]\nname = \"lost-tail\"\n\n[package.metadata.exercise]\ndifficulty = 2\nminutes = 20\n";

fn sound_tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(
        root,
        "book/src/SUMMARY.md",
        "# Summary\n\n[Introduction](introduction.md)\n\n# Part I: Waiting\n\n- [One at a time](01-one-at-a-time.md)\n- [Tasks]()\n",
    );
    let exercise = "exercises/01-one-at-a-time/4-lost-tail";
    write(root, &format!("{exercise}/Cargo.toml"), MANIFEST);
    write(root, &format!("{exercise}/README.md"), "# Lost tail\n\nMend it.\n");
    write(
        root,
        &format!("{exercise}/hints.md"),
        "# Hints\n\n## One\n\nLook at `write`.\n\n## Two\n\nIt returns a number.\n",
    );
    write(
        root,
        "solutions/01-one-at-a-time/4-lost-tail/wrong/one-more-try.rs",
        "//! Writes the rest once, and hopes.\n//!\n//! caught by: one_byte_at_a_time\n\nfn f() {}\n",
    );
    dir
}

#[test]
fn reads_chapters_exercises_hints_and_wrong_answers_from_the_folders() {
    let dir = sound_tree();
    let tree = Tree::find(&dir.path().join("exercises/01-one-at-a-time")).unwrap();
    assert_eq!(tree.chapters.len(), 1, "the draft and the introduction are no chapters");
    let (chapter, exercise) = tree.exercise("lost-tail").unwrap();
    assert_eq!(
        (&*chapter.slug, chapter.number, &*chapter.package, &*chapter.part),
        ("01-one-at-a-time", 1, "one-at-a-time", "Part I: Waiting")
    );
    assert_eq!(
        (exercise.number, &*exercise.title, exercise.difficulty, exercise.minutes),
        (4, "Lost tail", 2, 20)
    );
    assert_eq!(exercise.statement, "Mend it.");
    assert_eq!(exercise.hints, ["Look at `write`.", "It returns a number."]);
    assert_eq!(exercise.wrong[0].name, "one-more-try");
    assert_eq!(exercise.wrong[0].idea, "Writes the rest once, and hopes.");
    assert_eq!(exercise.wrong[0].caught_by, "one_byte_at_a_time");
}

#[test]
fn an_unknown_name_suggests_the_nearest() {
    let dir = sound_tree();
    let tree = Tree::read(dir.path()).unwrap();
    let message = tree.exercise("lost-tial").unwrap_err().to_string();
    assert!(message.contains("did you mean `lost-tail`?"), "{message}");
    let message = tree.exercise("quicksort").unwrap_err().to_string();
    assert!(!message.contains("did you mean"), "{message}");
}

#[test]
fn a_wrong_answer_without_its_test_is_named() {
    let dir = sound_tree();
    let path = "solutions/01-one-at-a-time/4-lost-tail/wrong/hopeful.rs";
    write(dir.path(), path, "//! Hopes.\n\nfn f() {}\n");
    let error = Tree::read(dir.path()).unwrap_err();
    assert!(
        matches!(&error, Error::Malformed { path, .. } if path.ends_with("hopeful.rs")),
        "{error}"
    );
    assert!(error.to_string().contains("caught by: TEST_NAME"), "{error}");
}

#[test]
fn a_broken_manifest_is_named_with_its_line() {
    let dir = sound_tree();
    let path = "exercises/01-one-at-a-time/4-lost-tail/Cargo.toml";
    write(dir.path(), path, &MANIFEST.replace("minutes = 20", "minute = 20"));
    let message = Tree::read(dir.path()).unwrap_err().to_string();
    assert!(message.contains("Cargo.toml:6: unknown field `minute`"), "{message}");

    write(dir.path(), path, &MANIFEST.replace("\"lost-tail\"", "\"lost-tale\""));
    let message = Tree::read(dir.path()).unwrap_err().to_string();
    assert!(message.contains("expected the package to be called `lost-tail`"), "{message}");
}

#[test]
fn outside_a_checkout_the_error_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let message = Tree::find(dir.path()).unwrap_err().to_string();
    assert!(message.contains("run this inside the cloned repository"), "{message}");
}
