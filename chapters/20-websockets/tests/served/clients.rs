//! Programs that others wrote, against the conformance application: Python's websockets, and wsproto.

use std::path::Path;
use std::time::Duration;

use http_server::Server;
use proctor::expect_eq;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::runtime;
use websockets::deflate::Settings;
use websockets::{Config, Limits};
use wsgi::ErrorLog;

use crate::app::{Conformance, Requests};
use crate::common::{Diary, http};

/// Runs a program in Python against the application; what it has printed, what the application has reported, and what the server.
async fn python(script: &str) -> Option<(String, Vec<String>, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = folder.join("../../target/python/bin/python");
    let probe = Command::new(&program).args(["-c", "import websockets, wsproto"]).output().await;
    if !probe.is_ok_and(|probe| probe.status.success()) {
        println!(
            "skipped: there is no websockets and wsproto for Python, as README.md says how to install them"
        );
        return None;
    }
    let (failures, reports) = (Diary::default(), Diary::default());
    let requests = Requests { reports: ErrorLog::new(reports.clone()), ..Requests::default() };
    let config = Config {
        limits: Limits { message: 16 * 1024 * 1024 },
        compression: Some(Settings {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            ..Settings::default()
        }),
        ..Config::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = Server::new(Conformance { requests }, http(&failures, config));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        server
            .serve_until(listener, async {
                let _ = stopped.await;
            })
            .await
    });
    let script = folder.join("tests/clients").join(script);
    let output =
        Command::new(program).arg(script).arg(port).kill_on_drop(true).output().await.unwrap();
    drop(stop);
    expect_eq!(serving.await.unwrap(), 0, "connections that had to be dropped");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "Python's errors: {errors}");
    Some((String::from_utf8(output.stdout).unwrap(), reports.lines(), failures.lines()))
}

/// Programs that others wrote take their time to begin: they have a minute.
fn with_programs<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_mins(1), test())
            .await
            .expect("it ends within a minute");
    });
}

#[test]
fn pythons_websockets_goes_through_all_routes_of_the_conformance_application() {
    const EXPECTED: &str = "\
text Hello, crabs!
binary True
fragments in three fragments
many fragments True
ping True
a thousand True
our close 4000 ''
64 MiB (1009, 'a message is longer than 16777216 bytes')
compressed ['permessage-deflate']
compressed ['permessage-deflate']
deny (403, b'')
denial (401, b'show your shell')
nowhere (404, b'not found')
idle one message
flood 1000000
";
    with_programs(|| async {
        let Some((printed, reports, failures)) = python("websockets_client.py").await else {
            return;
        };
        expect_eq!(printed, EXPECTED, "what Python printed");
        expect_eq!(
            reports,
            [
                "/wsidle: receive said websocket.disconnect 1000",
                "/wsidle: send said nothing can be sent: the client is gone"
            ],
            "what the application has reported"
        );
        expect_eq!(failures, Vec::<String>::new(), "failures");
    });
}

#[test]
fn wsproto_speaks_with_it_with_and_without_compression() {
    const EXPECTED: &str = "\
AcceptConnection False
text True
pong b'there?'
bytes b'between'
close 1000 []
AcceptConnection True
text True
pong b'there?'
bytes b'between'
close 1000 []
denial 401 b'show your shell'
";
    with_programs(|| async {
        let Some((printed, _, failures)) = python("wsproto_client.py").await else { return };
        expect_eq!(printed, EXPECTED, "what Python printed");
        expect_eq!(failures, Vec::<String>::new(), "failures");
    });
}
