//! TLS: what a connection agrees on, who the client is, and certificates that change.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use gateway::{App, DynApp, Error, HttpScope, Receive, ResponseBody, ResponseStart, Scope, Sender};
use h2::client::{self, ResponseFuture, SendRequest};
use http_server::{Config, Transport};
use http2_and_tls::{Clients, Http2, Server, Tls, TlsConfig};
use proctor::{expect_eq, watch_async};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, HandshakeKind, RootCertStore};

use crate::app::Conformance;
use crate::authority::{Authority, Signed};
use crate::common::{Diary, config, get, whole};

/// Files of an authority and a server.
struct Files {
    folder: TempDir,
    authority: Authority,
    config: TlsConfig,
}

impl Files {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let authority = Authority::new("Tide Pool Authority").unwrap();
        authority.save(folder.path()).unwrap();
        let (certificate, key) =
            authority.server(&["crab"]).unwrap().save(folder.path(), "server").unwrap();
        Self { folder, authority, config: TlsConfig::new(certificate, key) }
    }

    fn authority_file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A client that trusts the authority, and speaks these protocols.
    fn client(&self, shows: Option<&Signed>, alpn: &[&str]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let authority = self.authority.certificate();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match shows {
            None => builder.with_no_client_auth(),
            Some(signed) => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from_pem_slice(signed.certificate.as_bytes()).unwrap()],
                    PrivateKeyDer::from_pem_slice(signed.key.as_bytes()).unwrap(),
                )
                .unwrap(),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

/// The scope's protocol, scheme and TLS, a line each.
async fn tells(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(told(&scope))).await?)
}

fn told(scope: &HttpScope) -> String {
    let Some(tls) = scope.tls() else {
        return format!("{} {}", scope.http_version(), scope.scheme());
    };
    format!(
        "{} {} {:x?} {} {} {:?}",
        scope.http_version(),
        scope.scheme(),
        tls.version,
        tls.cipher_suite.is_some(),
        tls.client_certificates.len(),
        tls.client_name,
    )
}

fn server_of(app: impl App + 'static, tls: &Tls) -> Server<DynApp> {
    let config =
        Config { first_byte: std::time::Duration::from_mins(1), ..config(&Diary::default()) };
    Server::new(DynApp::new(app), config, Http2::default()).with_tls(tls.clone())
}

/// A connection to a server: both ends, after the client's handshake.
async fn connect(
    server: &Server<DynApp>,
    config: &Arc<ClientConfig>,
) -> std::io::Result<(TlsStream<DuplexStream>, JoinHandle<()>)> {
    let (ours, theirs) = duplex(16 * 1024);
    let server = server.clone();
    let task = tokio::spawn(async move { server.serve_connection(theirs).await });
    let name = "crab".try_into().unwrap();
    Ok((TlsConnector::from(Arc::clone(config)).connect(name, ours).await?, task))
}

/// A request over HTTP/1.1, and the last line of the response.
async fn ask(stream: &mut TlsStream<DuplexStream>) -> std::io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n").await?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await?;
    Ok(heard.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn alpn_chooses_the_protocol() {
    watch_async(async {
        let files = Files::new();
        let server = server_of(tells, &Tls::load(files.config.clone()).unwrap());
        let scope = "https Some(304) true 0 None";
        for alpn in [&["http/1.1"][..], &[]] {
            let config = Arc::new(files.client(None, alpn));
            let (mut stream, _) = connect(&server, &config).await.unwrap();
            expect_eq!(ask(&mut stream).await.unwrap(), format!("1.1 {scope}"), "{alpn:?}");
        }
        let config = Arc::new(files.client(None, &["h2", "http/1.1"]));
        let (stream, _) = connect(&server, &config).await.unwrap();
        expect_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "what ALPN chose");
        let (mut send, connection) = client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let (response, _) = send.send_request(get("/"), true).unwrap();
        let answer = whole(response.await.unwrap()).await.unwrap();
        expect_eq!(answer.body, format!("2 {scope}"), "h2");
        let config = Arc::new(files.client(None, &["crab/1"]));
        assert!(connect(&server, &config).await.is_err(), "a protocol that nobody speaks");
    });
}

#[test]
fn without_tls_the_scope_has_none() {
    watch_async(async {
        let client = crate::common::client(tells, |_, _| {}).await;
        expect_eq!(client.get("/").await.body, "2 http", "version, scheme, and no TLS");
    });
}

#[test]
fn the_scope_has_the_server_s_certificate() {
    watch_async(async {
        async fn app(scope: Scope, _: Receive, send: Sender) -> Result<(), Error> {
            let Scope::Http(scope) = scope else { return Err(scope.unsupported().into()) };
            send.send(ResponseStart::new(200)).await?;
            let pem = scope.tls().and_then(|tls| tls.server_certificate.clone());
            Ok(send.send(ResponseBody::last(pem.unwrap_or_default().replace('\n', "|"))).await?)
        }
        let files = Files::new();
        let server = server_of(app, &Tls::load(files.config.clone()).unwrap());
        let config = Arc::new(files.client(None, &[]));
        let (mut stream, _) = connect(&server, &config).await.unwrap();
        let seen = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
        let told = ask(&mut stream).await.unwrap().replace('|', "\n");
        let told = CertificateDer::from_pem_slice(told.as_bytes()).unwrap();
        assert!(told == seen, "the scope has another certificate than the client was shown");
    });
}

#[test]
fn a_handshake_that_does_not_end_is_bounded() {
    watch_async(async {
        let files = Files::new();
        let server = server_of(Conformance::default(), &Tls::load(files.config.clone()).unwrap());
        // Silent, and then after the first bytes of a ClientHello.
        for said in [&[][..], &[22, 3, 1, 0]] {
            let (mut ours, theirs) = duplex(1024);
            ours.write_all(said).await.unwrap();
            let began = Instant::now();
            server.serve_connection(theirs).await;
            expect_eq!(began.elapsed().as_secs(), 10, "seconds, after {said:?}");
        }
    });
}

#[test]
fn handshakes_wait_for_their_turn_and_not_for_longer_than_one_may_last() {
    watch_async(async {
        let files = Files::new();
        for (handshakes, waits) in [(Some(1), 10), (Some(2), 0), (None, 0)] {
            let tls = TlsConfig { handshakes, ..files.config.clone() };
            let server = server_of(Conformance::default(), &Tls::load(tls).unwrap());
            let (_silent, theirs) = duplex(1024);
            let same = server.clone();
            tokio::spawn(async move { same.serve_connection(theirs).await });
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let began = Instant::now();
            let config = Arc::new(files.client(None, &["http/1.1"]));
            let (mut stream, _) = connect(&server, &config).await.unwrap();
            expect_eq!(ask(&mut stream).await.unwrap(), "Hello, crabs!", "the answer");
            // The silent one began half a second before.
            expect_eq!(began.elapsed().as_millis().div_ceil(1000), waits, "{handshakes:?}");
        }
    });
}

#[test]
fn a_handshake_that_has_not_begun_does_not_hold_up_the_end() {
    watch_async(async {
        let files = Files::new();
        let server = server_of(Conformance::default(), &Tls::load(files.config.clone()).unwrap());
        let (_silent, theirs) = duplex(1024);
        let own = server.clone();
        let connection = tokio::spawn(async move { own.serve_connection(theirs).await });
        tokio::task::yield_now().await;
        let began = Instant::now();
        server.http().close_idle();
        connection.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 1, "seconds, of the 10 that a handshake has");
    });
}

#[test]
fn plain_http_on_a_port_of_tls_is_not_answered_by_the_application() {
    watch_async(async {
        let files = Files::new();
        let server = server_of(Conformance::default(), &Tls::load(files.config.clone()).unwrap());
        let (mut ours, theirs) = duplex(1024);
        ours.write_all(b"GET / HTTP/1.1\r\nhost: crab\r\n\r\n").await.unwrap();
        server.serve_connection(theirs).await;
        let mut heard = Vec::new();
        ours.read_to_end(&mut heard).await.unwrap();
        expect_eq!(heard.first(), Some(&21), "an alert, and no response: {heard:?}");
    });
}

#[test]
fn clients_may_have_to_show_a_certificate() {
    watch_async(async {
        let files = Files::new();
        let judit = files.authority.client("Judit").unwrap();
        let stranger = Authority::new("Somebody Else").unwrap().client("Judit").unwrap();
        let named = "1.1 https Some(304) true 1 Some(\"CN=Judit,O=Tide Pool\\\\, East\")";
        let unnamed = "1.1 https Some(304) true 0 None";
        let optional = Clients::Optional(files.authority_file());
        let required = Clients::Required(files.authority_file());
        let cases = [
            (Clients::NotAsked, Some(&judit), Some(unnamed)),
            (optional.clone(), None, Some(unnamed)),
            (optional.clone(), Some(&judit), Some(named)),
            (optional, Some(&stranger), None),
            (required.clone(), None, None),
            (required.clone(), Some(&judit), Some(named)),
            (required, Some(&stranger), None),
        ];
        for (clients, shows, expected) in cases {
            let what = format!("{clients:?}, and a certificate: {}", shows.is_some());
            let tls = Tls::load(TlsConfig { clients, ..files.config.clone() }).unwrap();
            let server = server_of(tells, &tls);
            let config = Arc::new(files.client(shows, &[]));
            // In TLS 1.3 the client is done before it is judged: it learns of it when it reads.
            let answer = async {
                let (mut stream, _) = connect(&server, &config).await?;
                ask(&mut stream).await
            };
            expect_eq!(answer.await.ok().as_deref(), expected, "{what}");
        }
    });
}

#[test]
fn sessions_are_resumed_if_they_may_be() {
    watch_async(async {
        let files = Files::new();
        for (resumption, second) in [(true, HandshakeKind::Resumed), (false, HandshakeKind::Full)] {
            let config = TlsConfig { resumption, ..files.config.clone() };
            let server = server_of(tells, &Tls::load(config).unwrap());
            let config = Arc::new(files.client(None, &[]));
            for expected in [HandshakeKind::Full, second] {
                let (mut stream, _) = connect(&server, &config).await.unwrap();
                ask(&mut stream).await.unwrap();
                expect_eq!(stream.get_ref().1.handshake_kind(), Some(expected), "{resumption}");
            }
        }
    });
}

#[test]
fn certificates_are_replaced_while_connections_are_open() {
    watch_async(async {
        let files = Files::new();
        let tls = Tls::load(files.config.clone()).unwrap();
        let server = server_of(tells, &tls);
        let config = Arc::new(files.client(None, &[]));
        let seen = |stream: &TlsStream<DuplexStream>| {
            stream.get_ref().1.peer_certificates().unwrap()[0].clone()
        };
        let (mut open, _) = connect(&server, &config).await.unwrap();
        let first = seen(&open);
        // What is no pair changes nothing.
        let folder = files.folder.path();
        let renewed = files.authority.server(&["crab"]).unwrap();
        std::fs::write(folder.join("server.pem"), &renewed.certificate).unwrap();
        let error = tls.reload().unwrap_err().to_string();
        assert!(error.contains("server.pem") && error.contains("server-key.pem"), "{error}");
        let (stream, _) = connect(&server, &config).await.unwrap();
        assert!(seen(&stream) == first, "the certificate has changed though the key has not");
        renewed.save(folder, "server").unwrap();
        tls.reload().unwrap();
        let (mut new, _) = connect(&server, &config).await.unwrap();
        assert!(seen(&new) != first, "the new connection has the old certificate");
        expect_eq!(new.get_ref().1.handshake_kind(), Some(HandshakeKind::Full), "the handshake");
        for stream in [&mut open, &mut new] {
            expect_eq!(ask(stream).await.unwrap(), "1.1 https Some(304) true 0 None", "the answer");
        }
    });
}

#[test]
fn files_that_do_not_fit_are_named() {
    watch_async(async {
        let files = Files::new();
        let folder = files.folder.path();
        std::fs::write(folder.join("empty.pem"), "").unwrap();
        let (_, other) = files.authority.server(&["crab"]).unwrap().save(folder, "other").unwrap();
        let cases = [
            (TlsConfig { certificates: folder.join("no.pem"), ..files.config.clone() }, "no.pem"),
            (
                TlsConfig { certificates: folder.join("empty.pem"), ..files.config.clone() },
                "empty.pem",
            ),
            (TlsConfig { key: folder.join("empty.pem"), ..files.config.clone() }, "empty.pem"),
            (TlsConfig { key: other, ..files.config.clone() }, "other-key.pem"),
            (
                TlsConfig {
                    clients: Clients::Required(folder.join("empty.pem")),
                    ..files.config.clone()
                },
                "empty.pem",
            ),
        ];
        for (config, name) in cases {
            let error = Tls::load(config).unwrap_err().to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
    });
}

/// What TLS has agreed on is asked for once a connection.
#[test]
fn a_stream_without_tls_says_so() {
    watch_async(async {
        let (ours, _theirs) = duplex(16);
        expect_eq!(ours.tls(), None, "what TLS agreed on");
    });
}

/// More than a pipe holds, and no more than that and TLS; in frames of which the last does not fit into an empty pipe.
const TIDES: usize = 3 * 16 * 1024;

async fn tides(_: Scope, _: Receive, send: Sender) -> Result<(), Error> {
    send.send(ResponseStart::new(200)).await?;
    Ok(send.send(ResponseBody::last(vec![b'~'; TIDES])).await?)
}

/// A client of HTTP/2 that has room for all of a response, so that its connection's task need not read on. Its request is out, and it has read nothing since.
async fn asked(
    stream: TlsStream<DuplexStream>,
) -> (
    SendRequest<Bytes>,
    ResponseFuture,
    Pin<Box<client::Connection<TlsStream<DuplexStream>, Bytes>>>,
) {
    let (mut send, connection) = client::Builder::new()
        .initial_connection_window_size(1 << 20)
        .handshake::<_, Bytes>(stream)
        .await
        .unwrap();
    let (response, _) = send.send_request(get("/"), true).unwrap();
    let mut connection = Box::pin(connection);
    std::future::poll_fn(|cx| {
        let _ = connection.as_mut().poll(cx);
        std::task::Poll::Ready(())
    })
    .await;
    (send, response, connection)
}

#[test]
fn a_client_that_does_not_read_what_waits_in_tls_is_cut() {
    watch_async(async {
        let files = Files::new();
        let server = server_of(tides, &Tls::load(files.config.clone()).unwrap());
        let config = Arc::new(files.client(None, &["h2"]));
        let (stream, task) = connect(&server, &config).await.unwrap();
        let began = Instant::now();
        let _client = asked(stream).await;
        task.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 30, "seconds");
    });
}

#[test]
fn a_connection_on_which_something_had_to_wait_is_idle_as_long_as_another() {
    watch_async(async {
        let files = Files::new();
        let server = server_of(tides, &Tls::load(files.config.clone()).unwrap());
        let config = Arc::new(files.client(None, &["h2"]));
        let (stream, task) = connect(&server, &config).await.unwrap();
        let (_send, response, connection) = asked(stream).await;
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        tokio::spawn(connection);
        expect_eq!(whole(response.await.unwrap()).await.unwrap().body.len(), TIDES, "bytes");
        let began = Instant::now();
        task.await.unwrap();
        expect_eq!(began.elapsed().as_secs(), 60, "seconds");
    });
}

/// TLS takes some 64 KiB that the client has no room for. A connection with these is not idle: it is neither parked nor closed for that.
#[test]
fn a_response_that_waits_in_tls_is_written_when_the_client_reads() {
    watch_async(async {
        let files = Files::new();
        let server = server_of(tides, &Tls::load(files.config.clone()).unwrap());
        for (alpn, pause) in [("http/1.1", 3), ("http/1.1", 10), ("h2", 10)] {
            let config = Arc::new(files.client(None, &[alpn]));
            let (mut stream, _) = connect(&server, &config).await.unwrap();
            let began = Instant::now();
            if alpn == "h2" {
                let (_send, response, connection) = asked(stream).await;
                tokio::time::sleep(std::time::Duration::from_secs(pause)).await;
                tokio::spawn(connection);
                let answer = whole(response.await.unwrap()).await.unwrap();
                expect_eq!(answer.body.len(), TIDES, "bytes, h2");
            } else {
                stream.write_all(b"GET / HTTP/1.1\r\nhost: crab\r\n\r\n").await.unwrap();
                tokio::time::sleep(std::time::Duration::from_secs(pause)).await;
                let mut heard = Vec::new();
                while heard.iter().filter(|&&byte| byte == b'~').count() < TIDES {
                    let count = stream.read_buf(&mut heard).await.unwrap();
                    assert!(count > 0, "closed after {} bytes, {pause} s", heard.len());
                }
            }
            expect_eq!(began.elapsed().as_secs(), pause, "seconds, {alpn}");
        }
    });
}
