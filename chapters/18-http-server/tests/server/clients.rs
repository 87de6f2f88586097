//! Programs that others wrote, against the conformance application: curl, Python's http.client, httpx.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::app::Conformance;
use crate::common::{Diary, config, curl, with_programs};
use http_server::Config;
use proctor::expect_eq;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use wsgi::server::ErrorLog;

/// A server of the conformance application, and what it and the application report.
struct Running {
    at: String,
    port: String,
    server: JoinHandle<std::io::Result<()>>,
    failures: Diary,
    reports: Diary,
}

impl Running {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let (failures, reports) = (Diary::default(), Diary::default());
        let app = Conformance {
            noread: Duration::ZERO,
            reports: ErrorLog::new(reports.clone()),
            ..Conformance::default()
        };
        let config = Config { server: Some("tidepool".parse().unwrap()), ..config(&failures) };
        let server = tokio::spawn(http_server::serve(listener, app, config));
        Self { at: format!("http://127.0.0.1:{port}"), port, server, failures, reports }
    }
}

/// curl, at work on a response that does not end; and the first bytes of it.
async fn begin(url: String, bytes: usize) -> (Child, String) {
    let mut curl = Command::new("curl");
    curl.args(["-sSN", "--max-time", "50", &url]).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = curl.spawn().unwrap();
    let mut heard = vec![0; bytes];
    child.stdout.as_mut().unwrap().read_exact(&mut heard).await.unwrap();
    (child, String::from_utf8(heard).unwrap())
}

#[test]
fn curl_goes_through_all_routes_of_the_conformance_application() {
    with_programs(|| async {
        let running = Running::new().await;
        let at = running.at.clone();
        if curl(&[], &at).await.is_none() {
            return;
        }
        let mut asked = BTreeSet::new();
        let mut path = |path: &str| {
            asked.insert(path.split('?').next().unwrap().to_owned());
            format!("{at}{path}")
        };
        let get = async |url: String| curl(&["-i"], &url).await.unwrap();
        let status = |response: &str| response.lines().next().unwrap_or_default().to_owned();

        for arguments in [&["-d", "crab"] as &[_], &[]] {
            expect_eq!(curl(arguments, &path("/")).await.unwrap(), "Hello, crabs!", "/");
        }
        let head = curl(&["-I"], &path("/")).await.unwrap();
        assert!(head.contains("content-length: 13\r\n"), "{head}");
        let body = ["--data-binary", "crab", "-H", "transfer-encoding: chunked"];
        expect_eq!(curl(&body, &path("/echo")).await.unwrap(), "crab", "/echo");
        expect_eq!(curl(&body, &path("/upload")).await.unwrap(), "4", "/upload");
        let bytes = curl(&[], &path("/bytes?n=100000&part=7")).await.unwrap();
        assert!(bytes == "x".repeat(100_000), "/bytes: {} bytes", bytes.len());
        expect_eq!(curl(&[], &path("/sleep?ms=1")).await.unwrap(), "slept", "/sleep");
        let scope = curl(&[], &path("/scope?a=%20")).await.unwrap();
        assert!(scope.contains(r#""query_string":"a=%20""#), "{scope}");
        for route in ["/early", "/startonly", "/none", "/split"] {
            let response = get(path(route)).await;
            expect_eq!(status(&response), "HTTP/1.1 500 Internal Server Error", "{route}");
            assert!(!response.contains("set-cookie"), "{response}");
        }
        let cut = Command::new("curl").args(["-sS", &path("/mid")]).output().await.unwrap();
        expect_eq!(String::from_utf8_lossy(&cut.stdout), "the first part", "/mid");
        expect_eq!(cut.status.code(), Some(18), "what curl says of /mid: 18 is a partial transfer");
        expect_eq!(curl(&body, &path("/noread")).await.unwrap(), "not read", "/noread");
        let missing = get(path("/nowhere")).await;
        expect_eq!(status(&missing), "HTTP/1.1 404 Not Found", "/nowhere");

        let wanted = curl(&["-i", "-H", "te: trailers"], &path("/trailers")).await.unwrap();
        assert!(wanted.contains("\r\ntrailer: x-legs\r\n"), "{wanted}");
        assert!(wanted.contains("trailers followx-legs: 10\r\n"), "{wanted}");
        expect_eq!(curl(&[], &path("/trailers")).await.unwrap(), "no trailers", "/trailers");
        let hinted = get(path("/hints")).await;
        let hints = "HTTP/1.1 103 Early Hints\r\nlink: </crab.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 200 OK\r\n";
        assert!(hinted.starts_with(hints) && hinted.ends_with("\r\n\r\nhinted"), "{hinted}");
        let old = curl(&["-i", "--http1.0"], &path("/hints")).await.unwrap();
        expect_eq!(status(&old), "HTTP/1.0 200 OK", "/hints, without hints");

        let (mut child, part) = begin(path("/slow"), "one part".len()).await;
        expect_eq!(part, "one part", "/slow");
        child.kill().await.unwrap();
        running.reports.until(2).await;
        expect_eq!(
            running.reports.lines(),
            [
                "/slow: receive said http.disconnect",
                "/slow: send said nothing can be sent: the client is gone",
            ],
            "what /slow reports"
        );
        let (mut child, _) = begin(path("/flood"), 1_000).await;
        let sent: u32 = curl(&[], &path("/stat")).await.unwrap().parse().unwrap();
        assert!((1..100).contains(&sent), "{sent} parts were taken, and hardly one was read");
        child.kill().await.unwrap();
        let (mut child, event) = begin(path("/sse"), "data: 0\n\n".len()).await;
        expect_eq!(event, "data: 0\n\n", "/sse");
        child.kill().await.unwrap();

        let app = include_str!("../../examples/conformance/app.rs");
        let routes = app.lines().filter_map(|line| line.trim().strip_prefix("\"/"));
        for route in routes.filter_map(|line| line.split_once("\" =>")).map(|(route, _)| route) {
            assert!(asked.contains(&format!("/{route}")), "/{route} was not asked for");
        }
        running.server.abort();
        let failures = running.failures.lines();
        expect_eq!(failures.len(), 5, "failures: {failures:#?}");
    });
}

#[test]
fn curl_gets_what_it_asks_for() {
    with_programs(|| async {
        let running = Running::new().await;
        let at = &running.at;
        if curl(&[], at).await.is_none() {
            return;
        }
        let curl = async |arguments: &[&str], path: &str| {
            curl(arguments, &format!("{at}{path}")).await.unwrap()
        };
        let big = "x".repeat(300_000);
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file = dir.join(format!("http-server-{}-upload", std::process::id()));
        std::fs::write(&file, &big).unwrap();
        let file = file.to_str().unwrap().to_owned();
        expect_eq!(curl(&[], "/").await, "Hello, crabs!", "plain");
        expect_eq!(curl(&["--http1.0"], "/").await, "Hello, crabs!", "HTTP/1.0");
        assert!(curl(&["-I"], "/").await.contains("content-length: 13"), "HEAD");
        expect_eq!(curl(&["-T", &file], "/upload").await, "300000", "an upload");
        let expect = ["-H", "expect: 100-continue", "-T", &file];
        expect_eq!(curl(&expect, "/upload").await, "300000", "an upload that is asked for");
        let chunked = ["-H", "transfer-encoding: chunked", "-T", &file];
        expect_eq!(curl(&chunked, "/echo").await, big, "a chunked upload");
        expect_eq!(
            curl(&["--data-binary", &format!("@{file}")], "/").await,
            "Hello, crabs!",
            "an early response"
        );
        expect_eq!(
            curl(&[], "/bytes?n=3000000&part=16384").await.len(),
            3_000_000,
            "a long response"
        );
        std::fs::remove_file(&file).unwrap();
        running.server.abort();
        expect_eq!(running.failures.lines(), Vec::<String>::new(), "failures");
    });
}

/// Runs a program in Python against the application, and compares what it prints.
async fn python(program: &str, script: &str, expected: &str) {
    let running = Running::new().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let mut python = Command::new(program);
    let output = python.arg(script).arg(&running.port).kill_on_drop(true).output().await.unwrap();
    running.server.abort();
    expect_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "what Python printed; its errors: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let allowed = [
        "the application failed: this fails before the start",
        "the application returned without a response",
        "the application failed: this fails after the first part",
    ];
    for failure in running.failures.lines() {
        assert!(allowed.contains(&&*failure), "a failure: {failure}");
    }
}

#[test]
fn python_http_client_streams_both_ways() {
    const EXPECTED: &str = "\
200 Hello, crabs! 13
echo 200 True
upload 200 4194304
streamed 200 3000000
head 200 1000 b''
early 200 Hello, crabs!
/early 500 True
/none 500 True
/nowhere 404 True
trailers 200 trailers follow x-legs
one connection for all: True
incomplete b'the first part'
events b'data: 0\\n\\n'
";
    with_programs(|| async {
        if Command::new("python3").arg("--version").output().await.is_err() {
            println!("skipped: there is no python3");
            return;
        }
        python("python3", "http_client.py", EXPECTED).await;
    });
}

#[test]
fn httpx_streams_both_ways_sync_and_async() {
    const EXPECTED: &str = "\
HTTP/1.1 200 Hello, crabs! 13
head 13
echo True
upload 4000000
early Hello, crabs!
streamed 3000000
hints hinted
trailers trailers follow
/early 500
/none 500
/nowhere 404
cut: peer closed connection without sending complete message body (incomplete chunked read)
events data: 0


at a time: {'Hello, crabs!'}
echo True
upload 4000000
streamed 3000000
events data: 0


cut: peer closed connection without sending complete message body (incomplete chunked read)
given up
";
    with_programs(|| async {
        let python_with_httpx =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python");
        if !python_with_httpx.exists() {
            println!("skipped: there is no httpx, as README.md says how to install it");
            return;
        }
        python(python_with_httpx.to_str().unwrap(), "httpx_client.py", EXPECTED).await;
    });
}
