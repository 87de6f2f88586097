//! A browser that a script in Node.js drives, by what the book's own tests use (`book/e2e`).

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use proctor::expect_eq;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// Whether there is what drives a browser. If not, it says what to do.
pub async fn is_installed() -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/e2e");
    let node = Command::new("node").arg("--version").output().await;
    let there = folder.join("node_modules/playwright-core").exists()
        && node.is_ok_and(|it| it.status.success());
    if !there {
        println!("skipped: book/e2e/README.md says how to install what drives a browser");
    }
    there
}

/// Runs a script of `tests/browser` against the server at `port`, and expects that it prints these lines and ends well.
/// At the line `open` this is done, and the script goes on.
pub async fn sees(script: &str, port: u16, expected: &[&str], at_open: impl Fn()) {
    let mut browser = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script))
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(browser.stdout.take().unwrap()).lines();
    let mut printed = Vec::new();
    let visit = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line == "open" {
                at_open();
                browser.stdin.take().unwrap().write_all(b"\n").await.unwrap();
            }
            printed.push(line);
        }
    };
    let ended = timeout(Duration::from_mins(2), visit).await;
    expect_eq!(printed, expected, "what the browser has seen");
    ended.expect("the browser ends within two minutes");
    assert!(browser.wait().await.unwrap().success(), "the browser's errors are above");
}
