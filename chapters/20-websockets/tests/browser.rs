//! The site's two pages in a browser: Chromium, driven from `browser/pages.js` by what the book's own tests use (`book/e2e`).

#[expect(dead_code, reason = "the site is served here at a free port")]
#[path = "../examples/site/main.rs"]
mod site;

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use lifespan::{Outcome, Signal, Signals};
use proctor::expect_eq;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;
use websockets::{Config, WebSockets};
use wsgi::ErrorLog;

const EXPECTED: [&str; 6] = [
    "the camera has shown its third picture",
    "what one tab says, the other one shows",
    "a page of another origin: 1006",
    "a tab that is closed leaves the room",
    "open",
    "all of them were told why the server has closed",
];

/// Whether there is what drives a browser.
async fn is_installed(folder: &Path) -> bool {
    let node = Command::new("node").arg("--version").output().await;
    folder.join("node_modules/playwright-core").exists() && node.is_ok_and(|it| it.status.success())
}

#[tokio::test]
async fn a_browser_shows_the_camera_and_the_chat_and_is_told_when_the_server_goes_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !is_installed(&folder.join("../../book/e2e")).await {
        println!("skipped: book/e2e/README.md says how to install what drives a browser");
        return;
    }
    // Nobody has a word of farewell, so nobody is to be waited for.
    let sockets = Config { drain: Duration::ZERO, ..Config::default() };
    let http = http_server::Config {
        upgrade: Some(WebSockets::new(sockets)),
        errors: ErrorLog::new(io::sink()),
        ..http_server::Config::default()
    };
    let config = lifespan::Config {
        http,
        stages: lifespan::Stages::new(|_| ()),
        ..lifespan::Config::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let (signals, scripted) = Signals::scripted();
    let serving = tokio::spawn(lifespan::serve(listener, site::site, config, scripted));

    let mut browser = Command::new("node")
        .arg(folder.join("tests/browser/pages.js"))
        .arg(port)
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
                signals.send(Signal::Terminate).unwrap();
                browser.stdin.take().unwrap().write_all(b"\n").await.unwrap();
            }
            printed.push(line);
        }
    };
    let ended = timeout(Duration::from_mins(2), visit).await;
    expect_eq!(printed, EXPECTED, "what the browser has seen");
    ended.expect("the browser ends within two minutes");
    assert!(browser.wait().await.unwrap().success(), "the browser's errors are above");
    let outcome = serving.await.unwrap();
    assert!(matches!(outcome, Outcome::Stopped { cut: 0 }), "{outcome}");
}
