//! The site's two pages in a browser: Chromium, driven from `browser/pages.js` by what the book's own tests use (`book/e2e`).

#[path = "browser/mod.rs"]
mod browser;
#[expect(dead_code, reason = "the site is served here at a free port")]
#[path = "../examples/site/main.rs"]
mod site;

use std::io;
use std::time::Duration;

use lifespan::{Outcome, Signal, Signals};
use tokio::net::TcpListener;
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

#[tokio::test]
async fn a_browser_shows_the_camera_and_the_chat_and_is_told_when_the_server_goes_down() {
    if !browser::is_installed().await {
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
    let port = listener.local_addr().unwrap().port();
    let (signals, scripted) = Signals::scripted();
    let serving = tokio::spawn(lifespan::serve(listener, site::site, config, scripted));

    browser::sees("pages.js", port, &EXPECTED, || signals.send(Signal::Terminate).unwrap()).await;
    let outcome = serving.await.unwrap();
    assert!(matches!(outcome, Outcome::Stopped { cut: 0 }), "{outcome}");
}
