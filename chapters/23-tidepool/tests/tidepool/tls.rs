//! TLS and HTTP/2 by the command line: programs of others as clients, certificates that change, files that do not fit.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{fs, io};

use proctor::expect_eq;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::authority::{Authority, Signed};
use crate::common::{Load, Server, ask, with_programs};

/// An authority, and the files of a server that it vouches for.
pub struct Files {
    folder: TempDir,
    authority: Authority,
}

impl Files {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let authority = Authority::new("Tide Pool Authority").unwrap();
        authority.save(folder.path()).unwrap();
        let files = Self { folder, authority };
        files.renew();
        files
    }

    /// Another certificate and another key, under the same names.
    fn renew(&self) -> Signed {
        let signed = self.authority.server(&["localhost", "127.0.0.1"]).unwrap();
        signed.save(self.folder.path(), "server").unwrap();
        signed
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn words(&self) -> String {
        format!(
            "--ssl-certfile {} --ssl-keyfile {}",
            self.text("server.pem"),
            self.text("server-key.pem")
        )
    }

    /// A client that trusts the authority.
    pub fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let authority = self.authority.certificate();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

pub type Secure<S> = StreamOwned<ClientConnection, S>;

pub fn secure<S: Read + Write>(config: &Arc<ClientConfig>, stream: S) -> Secure<S> {
    let name = "localhost".try_into().unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), stream)
}

const REQUEST: &str = "HTTP/1.1\r\nhost: crab\r\n";

/// Asks once, and reads to the end: the body of the answer.
fn last_ask<S: Read + Write>(stream: &mut Secure<S>, path: &str) -> io::Result<String> {
    write!(stream, "GET {path} {REQUEST}connection: close\r\n\r\n")?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard)?;
    let (_, body) = heard.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(body.to_owned())
}

/// Asks for the page, which is so short that one read has it.
fn ask_on<S: Read + Write>(stream: &mut Secure<S>) -> io::Result<()> {
    write!(stream, "GET / {REQUEST}\r\n")?;
    let mut heard = Vec::new();
    while !heard.ends_with(b"crab\n") {
        let mut part = [0; 1024];
        let count = stream.read(&mut part)?;
        assert!(count > 0, "it ended after {:?}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&part[..count]);
    }
    Ok(())
}

fn ask_over_tls(config: &Arc<ClientConfig>, address: &str, path: &str) -> io::Result<String> {
    last_ask(&mut secure(config, TcpStream::connect(address)?), path)
}

/// The certificate that a new connection sees, as PEM has it.
fn shown(config: &Arc<ClientConfig>, address: &str) -> Vec<u8> {
    let mut stream = secure(config, TcpStream::connect(address).unwrap());
    last_ask(&mut stream, "/").unwrap();
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

fn der(signed: &Signed) -> Vec<u8> {
    CertificateDer::from_pem_slice(signed.certificate.as_bytes()).unwrap().to_vec()
}

/// The Python that has the clients. `None`: it has not, and how to install them was said.
pub fn python() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = folder.join("../../target/python/bin/python").display().to_string();
    let missing = run(&python, &["-c", "import h2, httpx, websockets, wsproto"]);
    if missing.is_none_or(|said| !said.is_empty()) {
        println!("skipped: README.md says how to install the packages for Python");
        return None;
    }
    Some(python)
}

/// What a program prints on both its outputs; `None`, and a line that says so, where there is none.
pub fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            println!("skipped: there is no {program}");
            return None;
        }
        output => output.unwrap(),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    Some(format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// `None` where there is no curl that knows HTTP/2.
pub fn curl(arguments: &[&str]) -> Option<String> {
    if !run("curl", &["--version"])?.contains("HTTP2") {
        println!("skipped: this curl does not know HTTP/2");
        return None;
    }
    run("curl", &[&["-sS", "--max-time", "50"], arguments].concat())
}

#[test]
fn https_is_served_and_the_two_agree_on_the_protocol() {
    with_programs(|| {
        let files = Files::new();
        let (mut server, address) = Server::serving(&files.words());
        server.until("HTTP/1.1 and HTTP/2 over TLS");
        let (_, port) = address.split_once(':').unwrap();
        let at = format!("https://localhost:{port}/spoken");
        let trusted = files.text("authority.pem");
        for (version, expected) in [("--http2", "2"), ("--http1.1", "1.1")] {
            let Some(heard) = curl(&[version, "--cacert", &trusted, &at]) else { break };
            expect_eq!(heard, format!("{expected} https "), "{version}");
            server.until(&format!("\"GET /spoken HTTP/{expected}\" 200 OK"));
        }
        let scope = ask_over_tls(&files.client(), &address, "/scope").unwrap();
        assert!(scope.ends_with(" https \"\""), "{scope}");
        server.ends_well();
    });
}

#[test]
fn openssl_sees_the_certificate_and_no_old_version() {
    with_programs(|| {
        let files = Files::new();
        let (server, address) = Server::serving(&files.words());
        let trusted = files.text("authority.pem");
        let connect = ["s_client", "-connect", &address, "-CAfile", &trusted, "-brief"];
        if let Some(heard) = run("openssl", &connect) {
            assert!(heard.contains("Verification: OK"), "{heard}");
            let old = run("openssl", &[&connect[..], &["-tls1_1"]].concat()).unwrap();
            assert!(!old.contains("CONNECTION ESTABLISHED"), "{old}");
        }
        server.ends_well();
    });
}

#[test]
fn python_asks_over_http_2_and_opens_a_websocket_over_tls() {
    with_programs(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let Some(python) = python() else { return };
        let files = Files::new();
        let (mut server, address) = Server::serving(&files.words());
        let script = folder.join("tests/clients/secure_client.py").display().to_string();
        let (_, port) = address.split_once(':').unwrap();
        let said = run(&python, &[&script, port, &files.text("authority.pem")]).unwrap();
        let expected = "HTTP/2 200 2 https \nHTTP/1.1 200 1.1 https \n50 on one connection\nwss\n";
        expect_eq!(said, expected, "what Python has printed");
        server.until("\"WebSocket /scheme\" [accepted]");
        server.ends_well();
    });
}

#[test]
fn one_port_without_tls_speaks_both_and_may_be_told_to_speak_one() {
    with_programs(|| {
        for (words, of_1, of_2) in
            [("", true, true), ("--http h1", true, false), ("--http h2", false, true)]
        {
            let (server, address) = Server::serving(words);
            let at = format!("http://{address}/spoken");
            let Some(heard) = curl(&["--http2-prior-knowledge", &at]) else { return };
            expect_eq!(heard == "2 http ", of_2, "whether HTTP/2 is served with {words:?}");
            let heard = curl(&["--http1.1", &at]).unwrap();
            expect_eq!(heard == "1.1 http ", of_1, "whether HTTP/1.1 is served with {words:?}");
            server.ends_well();
        }
    });
}

#[test]
fn over_tls_as_well_one_protocol_may_be_all_that_is_spoken() {
    with_programs(|| {
        let files = Files::new();
        for (http, of_1, of_2) in [("h1", true, false), ("h2", false, true)] {
            let (server, address) = Server::serving(&format!("{} --http {http}", files.words()));
            let spoken = |alpn: &str| {
                let mut config = (*files.client()).clone();
                config.alpn_protocols = vec![alpn.into()];
                let stream = TcpStream::connect(&address).unwrap();
                let mut stream = secure(&Arc::new(config), stream);
                stream.conn.complete_io(&mut stream.sock).is_ok()
            };
            expect_eq!(
                spoken("http/1.1"),
                of_1,
                "whether HTTP/1.1 is agreed on with --http {http}"
            );
            expect_eq!(spoken("h2"), of_2, "whether HTTP/2 is agreed on with --http {http}");
            server.ends_well();
        }
    });
}

#[test]
fn clients_show_a_certificate_where_they_have_to() {
    with_programs(|| {
        let files = Files::new();
        let judit = files.authority.client("Judit").unwrap();
        let (certificate, key) = judit.save(files.folder.path(), "judit").unwrap();
        let trusted = files.text("authority.pem");
        let words = format!("{} --ssl-ca-certs {trusted} --ssl-cert-reqs", files.words());
        for required in [true, false] {
            let reqs = if required { "required" } else { "1" };
            let (server, address) = Server::serving(&format!("{words} {reqs}"));
            let at = format!("https://{address}/spoken");
            let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
            let shows = ["--cacert", &trusted, "--cert", &certificate, "--key", &key, &at];
            let Some(heard) = curl(&shows) else { return };
            expect_eq!(heard, "2 https CN=Judit,O=Tide Pool\\, East", "who the client is");
            let without = curl(&["--cacert", &trusted, &at]).unwrap();
            expect_eq!(without == "2 https ", !required, "whether one without is served");
            server.ends_well();
        }
    });
}

#[test]
fn the_proxy_protocol_comes_before_tls() {
    with_programs(|| {
        let files = Files::new();
        let (server, address) = Server::serving(&format!("{} --proxy-protocol", files.words()));
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n").unwrap();
        let heard = last_ask(&mut secure(&files.client(), stream), "/scope").unwrap();
        expect_eq!(heard, "192.0.2.1:4711 https \"\"", "client, scheme and path of mounting");
        server.ends_well();
    });
}

#[test]
fn a_unix_socket_may_be_encrypted_as_well() {
    with_programs(|| {
        let files = Files::new();
        let path = files.path("tide.sock");
        let mut server = Server::start(&format!("{} --uds {}", files.words(), path.display()));
        server.until("on unix:");
        let mut stream = secure(&files.client(), UnixStream::connect(&path).unwrap());
        expect_eq!(last_ask(&mut stream, "/").unwrap(), "crab\n", "the answer");
        server.ends_well();
    });
}

#[test]
fn a_program_that_is_built_again_speaks_tls_each_time() {
    with_programs(|| {
        let files = Files::new();
        let sources = TempDir::new().unwrap();
        let mut server = Server::with(&format!("--port 0 --reload {}", files.words()), |command| {
            command
                .args(["--reload-delay", "50ms", "--reload-command", "true", "--reload-dir"])
                .arg(sources.path())
        });
        let address = server.address();
        expect_eq!(ask_over_tls(&files.client(), &address, "/").unwrap(), "crab\n", "the answer");
        fs::write(sources.path().join("site.rs"), "// low tide").unwrap();
        server.until("stopped");
        expect_eq!(ask_over_tls(&files.client(), &address, "/").unwrap(), "crab\n", "the answer");
        server.ends_well();
    });
}

#[test]
fn a_certificate_is_replaced_under_load_and_no_request_fails() {
    with_programs(|| {
        for workers in [1, 2] {
            let files = Files::new();
            let words = format!("{} --workers {workers} --no-access-log", files.words());
            let (mut server, address) = Server::serving(&words);
            let client = files.client();
            // A connection that is open before.
            let mut before = secure(&client, TcpStream::connect(&address).unwrap());
            ask_on(&mut before).unwrap();
            let load = {
                let (client, address) = (Arc::clone(&client), address.clone());
                Load::of(move || {
                    ask_over_tls(&client, &address, "/").is_ok_and(|body| body == "crab\n")
                })
            };
            load.go_on(20);
            for _ in 0..2 {
                let fresh = files.renew();
                server.signal(Signal::HUP);
                if workers == 1 {
                    server.until("certificate and key are read again");
                    // It has stayed with the process, and goes on.
                    ask_on(&mut before).unwrap();
                } else {
                    server.until_each(&["is ready", "is ready", "stopped", "stopped"]);
                }
                expect_eq!(shown(&client, &address), der(&fresh), "the certificate that is shown");
                load.go_on(20);
            }
            expect_eq!(load.end(), 0, "how many requests failed with {workers} workers");
            drop(before);
            server.ends_well();
        }
    });
}

#[test]
fn a_certificate_that_cannot_be_used_leaves_the_old_one() {
    with_programs(|| {
        for (workers, said) in [(1, "the old ones stay"), (2, "the old ones go on")] {
            let files = Files::new();
            let (mut server, address) =
                Server::serving(&format!("{} --workers {workers}", files.words()));
            let old = shown(&files.client(), &address);
            let kept = fs::read(files.path("server-key.pem")).unwrap();
            fs::write(files.path("server-key.pem"), "no key").unwrap();
            server.signal(Signal::HUP);
            server.until(said);
            let named = server.lines.iter().any(|line| line.contains("there is no private key in"));
            assert!(named, "{:#?}", server.lines);
            expect_eq!(shown(&files.client(), &address), old, "the certificate that is shown");
            fs::write(files.path("server-key.pem"), kept).unwrap();
            server.ends_well();
        }
    });
}

#[test]
fn files_that_do_not_fit_end_it_with_a_line_that_says_what_to_do() {
    with_programs(|| {
        let files = Files::new();
        let folder = files.folder.path();
        files.authority.server(&["localhost"]).unwrap().save(folder, "other").unwrap();
        fs::write(files.path("empty.pem"), "").unwrap();
        let garbled = "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n";
        fs::write(files.path("garbled.pem"), garbled).unwrap();
        let cases = [
            ("no.pem", "server-key.pem", "no.pem cannot be read: No such file"),
            ("empty.pem", "server-key.pem", "empty.pem: there is no certificate in it"),
            ("garbled.pem", "server-key.pem", "garbled.pem is broken"),
            ("server.pem", "empty.pem", "empty.pem: there is no private key in it"),
            ("server.pem", "other-key.pem", "take the one that belongs to it"),
        ];
        for workers in [1, 2] {
            for (certificate, key, expected) in cases {
                let words = format!(
                    "--port 0 --workers {workers} --ssl-certfile {} --ssl-keyfile {}",
                    files.text(certificate),
                    files.text(key)
                );
                let (code, lines) = Server::start(&words).ended();
                expect_eq!(code, Some(1), "the exit code");
                assert!(lines.len() == 1 && lines[0].contains(expected), "{expected}: {lines:#?}");
            }
        }
        // Root may read everything, and then this says nothing.
        fs::set_permissions(files.path("server-key.pem"), fs::Permissions::from_mode(0o000))
            .unwrap();
        if fs::read(files.path("server-key.pem")).is_err() {
            let (_, lines) = Server::start(&format!("--port 0 {}", files.words())).ended();
            assert!(lines[0].contains("cannot be read: Permission denied"), "{lines:#?}");
        }
    });
}

#[test]
fn an_encrypted_key_is_opened_by_its_password_and_by_no_other() {
    with_programs(|| {
        let files = Files::new();
        let (plain, secret) = (files.text("server-key.pem"), files.text("secret.pem"));
        let encrypt =
            ["pkcs8", "-topk8", "-passout", "pass:low tide", "-in", &plain, "-out", &secret];
        if run("openssl", &encrypt).is_none() {
            return;
        }
        let words =
            format!("--port 0 --ssl-certfile {} --ssl-keyfile {secret}", files.text("server.pem"));
        let with = |password: Option<&str>| {
            Server::with(&words, |command| match password {
                Some(password) => command.env("TIDEPOOL_SSL_KEYFILE_PASSWORD", password),
                None => command,
            })
        };
        let mut server = with(Some("low tide"));
        let address = server.address();
        expect_eq!(ask_over_tls(&files.client(), &address, "/").unwrap(), "crab\n", "the answer");
        server.ends_well();
        for (password, expected) in [
            (None, "its password is not given: by TIDEPOOL_SSL_KEYFILE_PASSWORD"),
            (Some("high tide"), "cannot be decrypted with this password"),
        ] {
            let (code, lines) = with(password).ended();
            expect_eq!(code, Some(1), "the exit code");
            assert!(lines.len() == 1 && lines[0].contains(expected), "{lines:#?}");
        }
        // The way of before: the words of the message make of it one that can be read.
        let old = files.text("old.pem");
        let encrypt = ["ec", "-aes256", "-passout", "pass:tide", "-in", &plain, "-out", &old];
        run("openssl", &encrypt).unwrap();
        let words =
            format!("--port 0 --ssl-certfile {} --ssl-keyfile {old}", files.text("server.pem"));
        let (_, lines) = Server::start(&words).ended();
        assert!(lines[0].contains("openssl pkcs8 -topk8 -in"), "{lines:#?}");
    });
}

/// A figure, when it is so.
fn until_figure(at: &str, name: &str, value: &str) {
    let line = format!("\n{name} {value}\n");
    while !ask(at, "/").contains(&line) {
        std::thread::yield_now();
    }
}

#[test]
fn streams_of_http_2_are_counted_and_their_connection_is_active() {
    with_programs(|| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let free = free.to_string();
        let (server, address) = Server::serving(&format!("--metrics {free}"));
        let url = format!("http://{address}/feed");
        let ask = move || curl(&["--http2-prior-knowledge", "-N", &url]);
        if curl(&["--version"]).is_none() {
            return;
        }
        let asking = std::thread::spawn(ask);
        until_figure(&free, "tidepool_http2_streams", "1");
        until_figure(&free, "tidepool_connections{phase=\"active\"}", "1");
        server.ends_well();
        asking.join().unwrap();
    });
}

#[test]
fn a_handshake_that_does_not_end_is_cut_and_counted() {
    with_programs(|| {
        let files = Files::new();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let free = free.to_string();
        let (mut server, address) = Server::serving(&format!(
            "{} --ssl-timeout-handshake 200ms --log-level debug --metrics {free}",
            files.words()
        ));
        let figure = |name: &str| {
            let text = ask(&free, "/");
            let line = text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            line.unwrap_or_else(|| panic!("there is no {name} in {text}")).to_owned()
        };
        let mut silent = TcpStream::connect(&address).unwrap();
        expect_eq!(silent.read(&mut [0; 16]).unwrap_or(0), 0, "bytes to one that says nothing");
        server.until("TLS handshake with 127.0.0.1");
        expect_eq!(figure("tidepool_tls_handshakes_total{result=\"failed\"}"), "1", "failed");
        let mut stream = secure(&files.client(), TcpStream::connect(&address).unwrap());
        ask_on(&mut stream).unwrap();
        expect_eq!(
            figure("tidepool_tls_handshakes_total{result=\"well\"}"),
            "1",
            "those that went well"
        );
        let idle = "tidepool_connections{phase=\"idle\"}";
        until_figure(&free, idle, "1");
        write!(stream, "GET /feed {REQUEST}\r\n").unwrap();
        until_figure(&free, "tidepool_connections{phase=\"active\"}", "1");
        expect_eq!(figure(idle), "0", "idle connections while a response is under way");
        drop(stream);
        server.ends_well();
    });
}
