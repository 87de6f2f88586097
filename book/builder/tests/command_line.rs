//! `cargo book` as it is typed.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};

/// A checkout of one page.
fn checkout(page: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("book/book.toml", include_str!("fixture/book.toml"));
    write("book/src/SUMMARY.md", "# Summary\n\n[Hello](introduction.md)\n");
    write("book/src/introduction.md", page);
    fs::create_dir(dir.path().join("exercises")).unwrap();
    dir
}

fn cargo_book(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_book-builder"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("GITHUB_REPOSITORY")
        .env_remove("TIDEPOOL_SITE_URL")
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn build_writes_the_book_from_any_folder_of_the_checkout() {
    let dir = checkout("# Hello\n\nTea.\n");
    let output = cargo_book(&dir.path().join("book/src"), &["build"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(dir.path().join("book/dist/introduction.html").is_file());
}

#[test]
fn a_build_that_fails_names_file_and_line() {
    let dir = checkout("# Hello\n\n{{#listing /none.rs}}\n");
    let output = cargo_book(dir.path(), &["build"]);
    assert!(!output.status.success());
    assert!(
        stderr(&output).starts_with("book/src/introduction.md:3: cannot read none.rs"),
        "{}",
        stderr(&output)
    );
    assert!(!dir.path().join("book/dist").exists());
}

#[test]
fn check_counts_what_is_to_be_mended() {
    let dir = checkout("# Hello\n\n```rust\n```\n\n[there](#nowhere)\n");
    let output = cargo_book(dir.path(), &["check", "--no-run"]);
    assert!(!output.status.success());
    let text = stderr(&output);
    assert!(text.contains("book/src/introduction.md:3: a fence of `rust`"), "{text}");
    assert!(text.contains("book/src/introduction.md:6: introduction.html has no anchor"), "{text}");
    assert!(text.trim_end().ends_with("2 to be mended."), "{text}");
}

#[test]
fn check_is_content_with_a_sound_book() {
    let dir = checkout("# Hello\n\nTea.\n");
    let output = cargo_book(dir.path(), &["check", "--no-run"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_port_that_is_taken_is_named_before_anything_is_built() {
    let dir = checkout("# Hello\n");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = cargo_book(dir.path(), &["--port", &port, "--no-open"]);
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains(&format!("port {port} on 127.0.0.1 is taken")),
        "{}",
        stderr(&output)
    );
    assert!(!dir.path().join("book/dist").exists());
}

#[test]
fn outside_a_checkout_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let output = cargo_book(dir.path(), &["build"]);
    assert!(stderr(&output).contains("inside the cloned repository"), "{}", stderr(&output));
}
