//! A browser over TLS: Chromium, driven from `browser/streams.js` by what the book's own tests use (`book/e2e`).
//! It chooses HTTP/2, and asks for WebSockets by extended CONNECT on the connection that it has.

#[path = "../../20-websockets/examples/conformance_ws/app.rs"]
mod app;
#[expect(dead_code, reason = "the browser is told to trust anybody, and shows no certificate")]
#[path = "../examples/authority/mod.rs"]
mod authority;
#[path = "../../20-websockets/tests/browser/mod.rs"]
mod browser;
#[expect(dead_code, reason = "nobody here waits for a line")]
#[path = "../../18-http-server/tests/diary/mod.rs"]
mod diary;

use std::io;
use std::time::Duration;

use gateway::{App, Error, Receive, Scope, Sender, Shutdown};
use http2_and_tls::{Http2, Server, Tls, TlsConfig};
use proctor::expect_eq;
use tempfile::TempDir;
use tokio::net::TcpListener;
use websockets::deflate::Settings;
use websockets::{Config, WebSockets};
use wsgi::ErrorLog;

use app::Conformance;
use authority::Authority;
use diary::Diary;

const EXPECTED: [&str; 10] = [
    "200 Hello, crabs!",
    "by h2",
    "2000000 bytes in twenty responses at once",
    "1000000 bytes uploaded",
    "3 events",
    "Hello, crabs! 🦀, 300000, permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "beside it: Hello, crabs!",
    "denied: 1006",
    "open",
    "closed: 1012 the server goes down",
];

/// The conformance application, and over what its WebSockets come.
struct Noted {
    app: Conformance,
    diary: Diary,
}

impl App for Noted {
    async fn call(&self, scope: Scope, receive: Receive, send: Sender) -> Result<(), Error> {
        if let Scope::WebSocket(socket) = &scope {
            self.diary.note(format!(
                "{} {} over HTTP/{}",
                socket.scheme(),
                socket.path(),
                socket.http_version()
            ));
        }
        self.app.call(scope, receive, send).await
    }
}

#[tokio::test]
async fn a_browser_has_pages_events_and_websockets_on_one_connection() {
    if !browser::is_installed().await {
        return;
    }
    let sockets = Config {
        compression: Some(Settings::default()),
        drain: Duration::ZERO,
        ..Config::default()
    };
    let http = http_server::Config {
        upgrade: Some(WebSockets::new(sockets)),
        errors: ErrorLog::new(io::sink()),
        ..http_server::Config::default()
    };
    let files = TempDir::new().unwrap();
    let signed = Authority::new("Tide Pool Authority").unwrap().server(&["localhost"]).unwrap();
    let (certificate, key) = signed.save(files.path(), "server").unwrap();
    let diary = Diary::default();
    let app = Noted { app: Conformance::default(), diary: diary.clone() };
    let server = Server::new(app, http, Http2::default())
        .with_tls(Tls::load(TlsConfig::new(certificate, key)).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let stop = Shutdown::new();
    let stopped = stop.clone();
    let serving =
        tokio::spawn(
            async move { server.serve_until(listener, async { stopped.begun().await }).await },
        );

    browser::sees("streams.js", port, &EXPECTED, || stop.begin()).await;
    expect_eq!(serving.await.unwrap(), 0, "connections that had to be dropped");
    expect_eq!(
        diary.lines(),
        ["wss /ws over HTTP/2", "wss /wsdenial over HTTP/2"],
        "WebSockets, as the application has them"
    );
}
