//! Programs that others wrote, against the conformance application: curl, Python's httpx, h2 and wsproto, nghttp and h2load, openssl and sslscan.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use gateway::Shutdown;
use http2_and_tls::{Clients, Http2, Server, Tls, TlsConfig};
use proctor::expect_eq;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::runtime;
use tokio::task::JoinHandle;
use websockets::WebSockets;
use websockets::deflate::Settings;

use crate::app::{Conformance, Requests};
use crate::authority::Authority;
use crate::common::{Diary, config};

/// Programs take their time to begin: they have a minute.
fn with_programs<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let minute = tokio::time::timeout(Duration::from_mins(1), test());
        minute.await.expect("it ends within a minute");
    });
}

/// A server of the conformance application.
struct Running {
    port: u16,
    folder: TempDir,
    stop: Shutdown,
    server: JoinHandle<usize>,
}

impl Running {
    async fn new(encrypted: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Requests { noread: Duration::ZERO, ..Requests::default() };
        let sockets = websockets::Config {
            compression: Some(Settings::default()),
            ..websockets::Config::default()
        };
        let config = http_server::Config {
            upgrade: Some(WebSockets::new(sockets)),
            ..config(&Diary::default())
        };
        let mut server = Server::new(Conformance { requests }, config, Http2::default());
        if encrypted {
            let authority = Authority::new("Tide Pool Authority").unwrap();
            let trusted = authority.save(folder.path()).unwrap();
            let names = ["localhost", "127.0.0.1"];
            let (certificate, key) =
                authority.server(&names).unwrap().save(folder.path(), "server").unwrap();
            authority.client("Judit").unwrap().save(folder.path(), "client").unwrap();
            let clients = Clients::Optional(trusted);
            let tls = TlsConfig { clients, ..TlsConfig::new(certificate, key) };
            server = server.with_tls(Tls::load(tls).unwrap());
        }
        let stop = Shutdown::new();
        let stopped = stop.clone();
        let server = tokio::spawn(async move {
            server.serve_until(listener, async move { stopped.begun().await }).await
        });
        Self { port, folder, stop, server }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn end(self) {
        self.stop.begin();
        expect_eq!(self.server.await.unwrap(), 0, "connections that had to be dropped");
    }
}

/// What a program prints; `None`, and a line that says so, where there is none.
async fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = match command.output().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            println!("skipped: there is no {program}");
            return None;
        }
        output => output.unwrap(),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    Some(format!("{text}{errors}"))
}

/// What curl prints; `None` where there is no curl that knows HTTP/2.
async fn curl(arguments: &[&str]) -> Option<String> {
    if !run("curl", &["--version"]).await?.contains("HTTP2") {
        println!("skipped: this curl does not know HTTP/2");
        return None;
    }
    run("curl", &[&["-sS", "--max-time", "50"], arguments].concat()).await
}

#[test]
fn curl_speaks_http_2_with_prior_knowledge_and_http_1_to_the_same_port() {
    with_programs(|| async {
        let running = Running::new(false).await;
        let at = |path: &str| format!("http://127.0.0.1:{}{path}", running.port);
        for (arguments, version) in
            [(&["--http2-prior-knowledge"][..], "2"), (&[], "1.1"), (&["--http1.0"], "1.0")]
        {
            let written = ["-w", " %{http_version}"];
            let (hello, bytes) = (at("/"), at("/bytes?n=1000000&part=16384"));
            let Some(heard) = curl(&[arguments, &written, &[&hello]].concat()).await else {
                return running.end().await;
            };
            // HTTP/1.0 is answered by 1.1's grammar, with 1.0 in the status line.
            let version = if version == "1.0" { "1" } else { version };
            expect_eq!(heard, format!("Hello, crabs! {version}"), "{arguments:?}");
            let many = curl(&[arguments, &[&bytes]].concat()).await.unwrap();
            expect_eq!(many.len(), 1_000_000, "bytes, {arguments:?}");
        }
        let body = ["--http2-prior-knowledge", "-d", "crab", "-H", "expect: 100-continue"];
        let heard = curl(&[&body[..], &[&at("/upload")]].concat()).await.unwrap();
        expect_eq!(heard, "4", "/upload, asked for by 100");
        let cut = curl(&["--http2-prior-knowledge", &at("/mid")]).await.unwrap();
        assert!(cut.contains("INTERNAL_ERROR"), "{cut}");
        let hinted = curl(&["--http2-prior-knowledge", "-i", &at("/hints")]).await.unwrap();
        assert!(hinted.starts_with("HTTP/2 103") && hinted.ends_with("hinted"), "{hinted}");
        running.end().await;
    });
}

#[test]
fn curl_chooses_by_alpn_and_shows_its_certificate() {
    with_programs(|| async {
        let running = Running::new(true).await;
        let trusted = running.file("authority.pem");
        let trust = ["--cacert", &trusted, "-w", " %{http_version}"];
        let at = format!("https://localhost:{}/", running.port);
        for (arguments, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
            let Some(heard) = curl(&[&trust[..], &[arguments, &at]].concat()).await else {
                return running.end().await;
            };
            expect_eq!(heard, format!("Hello, crabs! {version}"), "{arguments}");
        }
        let (client, key) = (running.file("client.pem"), running.file("client-key.pem"));
        let shows = ["--cert", &client, "--key", &key, &at];
        let heard = curl(&[&trust[..], &shows].concat()).await.unwrap();
        expect_eq!(heard, "Hello, crabs! 2", "with a certificate");
        let stranger = curl(&[&at[..]]).await.unwrap();
        assert!(stranger.contains("certificate"), "who does not trust it: {stranger}");
        running.end().await;
    });
}

#[test]
fn openssl_agrees_on_tls_1_2_and_1_3_and_on_nothing_older() {
    with_programs(|| async {
        let running = Running::new(true).await;
        let (at, trusted) = (format!("127.0.0.1:{}", running.port), running.file("authority.pem"));
        let connect = ["s_client", "-connect", &at, "-CAfile", &trusted, "-alpn", "h2,http/1.1"];
        for (version, agreed) in [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")] {
            let Some(heard) = run("openssl", &[&connect[..], &[version]].concat()).await else {
                return running.end().await;
            };
            assert!(heard.contains(agreed), "{heard}");
            assert!(heard.contains("ALPN protocol: h2"), "{heard}");
            assert!(heard.contains("Verify return code: 0 (ok)"), "{heard}");
        }
        let old = run("openssl", &[&connect[..], &["-tls1_1"]].concat()).await.unwrap();
        assert!(!old.contains("ALPN protocol"), "{old}");
        running.end().await;
    });
}

#[test]
fn sslscan_finds_two_versions_of_tls_and_no_weak_cipher() {
    // All with forward secrecy, and nothing but AEAD.
    const STRONG: [&str; 6] = [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    ];
    with_programs(|| async {
        let running = Running::new(true).await;
        let at = format!("localhost:{}", running.port);
        let Some(heard) = run("sslscan", &["--no-colour", &at]).await else {
            return running.end().await;
        };
        let says = |line: &str| heard.lines().any(|heard| heard.trim() == line);
        for version in ["TLSv1.2   enabled", "TLSv1.3   enabled"] {
            assert!(says(version), "{version}: {heard}");
        }
        for version in ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"] {
            assert!(says(&format!("{version:<10}disabled")), "{version}: {heard}");
        }
        assert!(says("Session renegotiation not supported"), "{heard}");
        assert!(
            !heard
                .lines()
                .any(|line| line.ends_with(" vulnerable to heartbleed") && !line.contains("not")),
            "{heard}"
        );
        let ciphers = heard
            .lines()
            .filter(|line| line.starts_with("Preferred ") || line.starts_with("Accepted "));
        let mut ciphers: Vec<_> =
            ciphers.filter_map(|line| line.split_whitespace().nth(4)).collect();
        ciphers.sort_unstable();
        let mut strong = STRONG;
        strong.sort_unstable();
        expect_eq!(ciphers, strong, "ciphers");
        running.end().await;
    });
}

#[test]
fn nghttp_has_pages_by_alpn_and_with_prior_knowledge() {
    with_programs(|| async {
        for encrypted in [true, false] {
            let running = Running::new(encrypted).await;
            let scheme = if encrypted { "https" } else { "http" };
            let at = |path: &str| format!("{scheme}://localhost:{}{path}", running.port);
            // Several at once, a window of one KiB, and padding.
            let options = ["-n", "-s", "-w", "10", "-b", "20", "--no-verify-peer"];
            let pages = [at("/"), at("/bytes?n=300000&part=16384"), at("/hints"), at("/nowhere")];
            let pages: Vec<_> = pages.iter().map(String::as_str).collect();
            let Some(heard) = run("nghttp", &[&options[..], &pages].concat()).await else {
                return running.end().await;
            };
            for page in ["200   13 /", "200 292K /bytes", "200    6 /hints", "404    9 /nowhere"] {
                assert!(heard.lines().any(|line| line.contains(page)), "{page}: {heard}");
            }
            let upload = running.folder.path().join("upload");
            std::fs::write(&upload, vec![b'~'; 500_000]).unwrap();
            let upload = upload.to_str().unwrap();
            let to = at("/upload");
            let heard = run("nghttp", &["--no-verify-peer", "-b", "100", "-d", upload, &to]).await;
            expect_eq!(heard.unwrap(), "500000", "/upload, {scheme}");
            running.end().await;
        }
    });
}

#[test]
fn h2load_has_a_thousand_requests_answered_with_small_windows_and_large_ones() {
    with_programs(|| async {
        let running = Running::new(true).await;
        let at = |path: &str| format!("https://localhost:{}{path}", running.port);
        let hello: &[&str] = &["-n", "1000", "-c", "4", "-m", "50"];
        let windows: &[&str] = &["-n", "100", "-c", "2", "-m", "10", "-w", "10", "-W", "10"];
        let http1: &[&str] = &["-n", "200", "-c", "4", "--h1"];
        for (options, path, succeeded) in
            [(hello, "/", 1000), (windows, "/bytes?n=30000&part=4096", 100), (http1, "/", 200)]
        {
            let Some(heard) = run("h2load", &[options, &[&at(path)]].concat()).await else {
                return running.end().await;
            };
            let requests =
                format!("{succeeded} done, {succeeded} succeeded, 0 failed, 0 errored, 0 timeout");
            assert!(heard.contains(&requests), "{options:?}: {heard}");
        }
        running.end().await;
    });
}

/// The Python that has httpx and h2, as README.md says how to install them.
async fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python");
    let there = python.exists()
        && run(python.to_str()?, &["-c", "import h2, httpx, wsproto; print('there')"]).await?
            == "there\n";
    if !there {
        println!(
            "skipped: there is no httpx with h2, and no wsproto, as README.md says how to install them"
        );
    }
    there.then_some(python)
}

fn program(name: &str) -> String {
    format!("{}/tests/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn httpx_has_fifty_requests_on_one_connection() {
    const EXPECTED: &str = "\
HTTP/2 200 Hello, crabs!
head 13
upload 4000000
streamed 3000000
at a time {'slept'}
streams 50
/early 500
/none 500
/nowhere 404
cut True
and goes on Hello, crabs!
";
    with_programs(|| async {
        let Some(python) = python().await else { return };
        let running = Running::new(true).await;
        let at = format!("https://localhost:{}", running.port);
        let arguments = [&program("httpx_client.py"), &at, &running.file("authority.pem")];
        let heard = run(python.to_str().unwrap(), &arguments.map(|argument| &**argument)).await;
        expect_eq!(heard.unwrap(), EXPECTED, "what httpx says");
        running.end().await;
    });
}

#[test]
fn the_python_library_h2_sees_what_comes_before_and_after_a_response() {
    const EXPECTED: &str = "\
/ 200
/ Hello, crabs!
/hints 103 </crab.css>; rel=preload; as=style
/hints 200
/hints hinted
/trailers 200
/trailers trailers follow
/trailers [('x-legs', '10')]
/upload 100 
/upload 200
/upload 5
/mid 200
/mid the first part
/mid reset 2
/early 500
/early Internal Server Error

";
    with_programs(|| async {
        let Some(python) = python().await else { return };
        let running = Running::new(false).await;
        let port = running.port.to_string();
        let heard = run(python.to_str().unwrap(), &[&program("h2_client.py"), &port]).await;
        expect_eq!(heard.unwrap(), EXPECTED, "what h2 says");
        running.end().await;
    });
}

#[test]
fn wsproto_and_h2_speak_websocket_over_streams_of_one_connection() {
    const EXPECTED: &str = "\
offered
1 200 []
3 200 ['permessage-deflate']
1 text True
3 text True
1 pong b'there?'
3 bytes b'between'
neighbour reset
1 close 1000 end
5 page Hello, crabs!
7 401 show your shell
9 403 
11 501 this protocol is not spoken here
";
    with_programs(|| async {
        let Some(python) = python().await else { return };
        let running = Running::new(false).await;
        let port = running.port.to_string();
        let program = program("h2_wsproto_client.py");
        let heard = run(python.to_str().unwrap(), &[&program, &port]).await;
        expect_eq!(heard.unwrap(), EXPECTED, "what h2 and wsproto say");
        running.end().await;
    });
}
