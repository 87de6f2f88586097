//! One process: where it listens, what it says, how it ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::Command;

use proctor::{expect_eq, watch};
use rustix::process::Signal;

use crate::common::{Server, ask, program, try_ask};

#[test]
fn one_line_of_main_serves_and_ends_well() {
    watch(|| {
        let (server, address) = Server::serving("");
        expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        let lines = server.ends_well();
        let logged = lines.iter().any(|line| {
            line.starts_with("INFO:     127.0.0.1:") && line.ends_with("\"GET / HTTP/1.1\" 200 OK")
        });
        assert!(logged, "the request has a line in Uvicorn's words: {lines:#?}");
        assert!(lines.contains(&"INFO:     stopped".to_owned()), "{lines:#?}");
    });
}

#[test]
fn a_port_in_use_names_the_address_and_what_to_do() {
    watch(|| {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        for workers in [1, 2] {
            let server = Server::start(&format!("--port {} --workers {workers}", address.port()));
            let (code, lines) = server.ended();
            expect_eq!(code, Some(1), "the exit code");
            let expected = format!(
                "ERROR:    cannot listen on {address}: another program has this port: end that one, or take another by --port (0 is a free one)"
            );
            expect_eq!(lines, [expected], "what it says");
        }
        let server = Server::start(&format!("--port 0 --metrics {address}"));
        let (code, lines) = server.ended();
        expect_eq!(code, Some(1), "the exit code");
        assert!(lines[0].contains("another by --metrics"), "{lines:#?}");
    });
}

#[test]
fn a_host_that_is_none_of_ours_or_none_at_all_says_so() {
    watch(|| {
        for (host, expected) in [
            ("192.0.2.1", "no interface of this machine"),
            ("no.such.host.invalid", "is no address"),
        ] {
            let (code, lines) = Server::start(&format!("--host {host}")).ended();
            expect_eq!(code, Some(1), "the exit code");
            assert!(lines[0].contains(expected), "{lines:#?}");
        }
    });
}

#[test]
fn options_that_cannot_be_used_end_it_with_code_2() {
    watch(|| {
        let (code, lines) = Server::start("--port many").ended();
        expect_eq!(code, Some(2), "the exit code");
        assert!(lines[0].contains("invalid value 'many'"), "{lines:#?}");
        let (code, _) = Server::start("--help").ended();
        expect_eq!(code, Some(0), "the exit code of a question");
    });
}

#[test]
fn an_application_that_does_not_start_ends_it_with_code_3() {
    watch(|| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "broken").unwrap();
        for workers in [1, 3] {
            let server = Server::with(&format!("--port 0 --workers {workers}"), |command| {
                command.env("SUBJECT_FILE", file.path())
            });
            let (code, lines) = server.ended();
            expect_eq!(code, Some(3), "the exit code");
            let said = lines.iter().any(|line| line.contains("there is no water"));
            assert!(said, "{lines:#?}");
        }
    });
}

#[test]
fn a_unix_socket_has_its_mode_and_is_gone_at_the_end() {
    watch(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tide.sock");
        // What a server that was killed has left behind is no hindrance.
        drop(UnixListener::bind(&path).unwrap());
        let words = format!("--uds {} --uds-mode 600", path.display());
        let mut server = Server::start(&words);
        server.until("on unix:");
        let metadata = std::fs::metadata(&path).unwrap();
        expect_eq!(metadata.permissions().mode() & 0o777, 0o600, "the mode");
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n").unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        assert!(heard.ends_with("crab\n"), "{heard}");

        let (code, lines) = Server::start(&words).ended();
        expect_eq!(code, Some(1), "the exit code of a second one");
        assert!(lines[0].contains("another server answers there"), "{lines:#?}");
        assert!(std::fs::metadata(&path).unwrap().file_type().is_socket(), "it was not removed");

        server.ends_well();
        assert!(!path.exists(), "the socket's file is left");
    });
}

#[test]
fn a_unix_socket_that_cannot_be_says_why() {
    watch(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "precious").unwrap();
        let (_, lines) = Server::start(&format!("--uds {}", file.display())).ended();
        assert!(lines[0].contains("there is something that is no socket"), "{lines:#?}");
        expect_eq!(std::fs::read_to_string(&file).unwrap(), "precious", "the file");
        let nowhere = folder.path().join("no/tide.sock");
        let (_, lines) = Server::start(&format!("--uds {}", nowhere.display())).ended();
        assert!(lines[0].contains("make it first"), "{lines:#?}");
    });
}

/// As a supervisor would start it: by a shell that leaves the socket open under a number.
fn by_shell(listener: &impl AsFd, script: &str) -> Server {
    let inherited = listener.as_fd().try_clone_to_owned().unwrap();
    let mut command = Command::new("/bin/sh");
    let script = script.replace("PROGRAM", &program().display().to_string());
    command.args(["-c", &script]);
    Server::of(command.stdin(inherited))
}

#[test]
fn an_inherited_descriptor_is_served() {
    watch(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut server = by_shell(&listener, "exec PROGRAM --fd 7 7<&0 0</dev/null");
        server.until(&format!("on http://{address}"));
        expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        server.ends_well();
    });
}

#[test]
fn a_descriptor_that_is_no_listening_socket_says_so() {
    watch(|| {
        let (code, lines) = Server::start("--fd 7").ended();
        expect_eq!(code, Some(1), "the exit code");
        assert!(lines[0].contains("has not left it open"), "{lines:#?}");
        let (one, _other) = UnixStream::pair().unwrap();
        let (_, lines) = by_shell(&one, "exec PROGRAM --fd 7 7<&0").ended();
        assert!(lines[0].contains("does not listen"), "{lines:#?}");
        let (_, lines) = Server::start("--fd 0").ended();
        assert!(lines[0].contains("standard input"), "{lines:#?}");
    });
}

#[test]
fn systemd_hands_sockets_over_and_hears_when_it_is_ready_and_when_it_stops() {
    watch(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let notified = UnixDatagram::bind(&path).unwrap();
        let hear = || {
            let mut heard = [0; 256];
            let count = notified.recv(&mut heard).unwrap();
            String::from_utf8_lossy(&heard[..count]).into_owned()
        };
        for workers in [1, 2] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let script = format!(
                "NOTIFY_SOCKET={} LISTEN_FDS=1 LISTEN_PID=$$ exec PROGRAM --workers {workers} --port 1 3<&0 0</dev/null",
                path.display()
            );
            let mut server = by_shell(&listener, &script);
            server.until(&format!("on http://{address}"));
            assert!(hear().starts_with("READY=1"));
            // A worker must not speak for the whole.
            let seen = ask(&address, "/headers");
            expect_eq!(seen == "None", workers > 1, "whether a worker has no NOTIFY_SOCKET");
            server.signal(Signal::TERM);
            assert!(hear().starts_with("STOPPING=1"));
            expect_eq!(server.ended().0, Some(0), "the exit code");
        }
        // Meant for somebody else.
        let mut server = Server::with("--port 0", |command| {
            command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1")
        });
        let address = server.address();
        expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        server.ends_well();
    });
}

#[test]
fn layers_of_the_command_line_are_around_the_application() {
    watch(|| {
        let (server, address) = Server::serving(
            "--header x-tide:low --no-server-header --no-date-header --root-path /reef",
        );
        let heard = try_ask(
            &address,
            "/scope",
            "x-forwarded-for: 192.0.2.1\r\nx-forwarded-proto: https\r\n",
        )
        .unwrap();
        assert!(
            heard.contains("x-tide: low") && !heard.contains("server:") && !heard.contains("date:"),
            "{heard}"
        );
        assert!(heard.ends_with("192.0.2.1:0 https \"/reef\""), "{heard}");
        let lines = server.ends_well();
        assert!(lines.iter().any(|line| line.contains("192.0.2.1:0 - \"GET /scope")), "{lines:#?}");
        // From a peer that is not trusted it is nothing.
        let (server, address) = Server::serving("--forwarded-allow-ips 192.0.2.7 --no-access-log");
        let heard = try_ask(&address, "/scope", "x-forwarded-for: 192.0.2.1\r\n").unwrap();
        assert!(heard.contains("\r\n\r\n127.0.0.1:"), "{heard}");
        let lines = server.ends_well();
        assert!(!lines.iter().any(|line| line.contains("GET /scope")), "{lines:#?}");
    });
}

#[test]
fn a_line_of_the_log_is_one_line_whatever_the_client_sends() {
    watch(|| {
        for format in ["text", "json"] {
            let (server, address) = Server::serving(&format!("--log-format {format}"));
            let heard = try_ask(
                &address,
                "/%0d%0aINFO:%20forged",
                "x-forwarded-for: 192.0.2.1\x1b[31m\r\n",
            );
            assert!(heard.is_err() || !heard.unwrap().is_empty());
            let _ = try_ask(&address, "/\"quoted\"\\", "x-forwarded-for: \"<b>\"\r\n");
            let lines = server.ends_well();
            assert!(lines.iter().all(|line| !line.starts_with("INFO: forged")), "{lines:#?}");
            if format == "json" {
                for line in &lines {
                    let read: Result<serde_json::Value, _> = serde_json::from_str(line);
                    assert!(read.is_ok(), "no object: {line}");
                }
                let access = lines.iter().find(|line| line.contains("tidepool::access")).unwrap();
                let read: serde_json::Value = serde_json::from_str(access).unwrap();
                expect_eq!(read["status"], 200, "a field");
                expect_eq!(read["method"], "GET", "a field");
            }
        }
    });
}

#[test]
fn the_proxy_protocol_says_who_the_client_is_and_nobody_comes_without() {
    watch(|| {
        let (mut server, address) =
            Server::serving("--proxy-protocol --timeout-proxy-protocol 200ms");
        let talk = |bytes: &[u8]| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(bytes).unwrap();
            let mut heard = String::new();
            // What is closed with bytes unread is reset.
            let _ = stream.read_to_string(&mut heard);
            heard
        };
        let request = "GET /scope HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n\r\n";
        let heard =
            talk(format!("PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n{request}").as_bytes());
        assert!(heard.contains("192.0.2.1:4711 http"), "{heard}");
        let local = [b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".as_slice(), request.as_bytes()].concat();
        assert!(talk(&local).contains("\r\n\r\n127.0.0.1:"));
        expect_eq!(talk(request.as_bytes()), "", "what one without hears");
        server.until("it does not begin with one");
        expect_eq!(talk(b"PROXY TCP4"), "", "what one hears that is slow");
        server.until("none came within 200ms");
        // One that says nothing does not hold up the others.
        let _silent = TcpStream::connect(&address).unwrap();
        let heard = talk(format!("PROXY UNKNOWN\r\n{request}").as_bytes());
        assert!(heard.contains("200 OK"), "{heard}");
        server.ends_well();

        let (mut server, address) =
            Server::serving("--proxy-protocol --forwarded-allow-ips 192.0.2.7");
        assert!(try_ask(&address, "/", "").is_err(), "an untrusted peer was let in");
        server.until("is not in --forwarded-allow-ips");
        server.ends_well();
    });
}

#[test]
fn enough_requests_end_the_only_process() {
    watch(|| {
        let (server, address) = Server::serving("--limit-max-requests 3");
        for _ in 0..3 {
            expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        }
        let (code, lines) = server.ended();
        expect_eq!(code, Some(0), "the exit code");
        assert!(lines.iter().any(|line| line.contains("--limit-max-requests is reached")));
    });
}

#[test]
fn term_ends_an_endless_stream_well_and_cuts_one_that_does_not_listen() {
    watch(|| {
        for (path, end) in [("/feed", "4\r\nbye\n\r\n0\r\n\r\n"), ("/deaf", "tide\n\r\n")] {
            for workers in [1, 2] {
                let (server, address) = Server::serving(&format!(
                    "--workers {workers} --timeout-graceful-shutdown 200ms"
                ));
                let mut stream = TcpStream::connect(&address).unwrap();
                write!(stream, "GET {path} HTTP/1.1\r\nhost: crab\r\n\r\n").unwrap();
                let mut begun = [0; 8];
                stream.read_exact(&mut begun).unwrap();
                server.signal(Signal::TERM);
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).unwrap();
                drop(stream);
                let heard = String::from_utf8(heard).unwrap();
                assert!(heard.ends_with(end), "{path}: {heard}");
                let (code, lines) = server.ended();
                expect_eq!(code, Some(0), "the exit code");
                let cut = lines.iter().any(|line| line.contains("did not end within 200ms: cut"));
                expect_eq!(cut, path == "/deaf", "whether it was cut");
            }
        }
    });
}

#[test]
fn a_log_that_cannot_be_written_stops_nobody() {
    watch(|| {
        // /dev/full says of each write that the disk is full.
        let full = std::fs::File::options().write(true).open("/dev/full");
        let Ok(full) = full else { return };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(full);
        let mut server = by_shell(&listener, "exec PROGRAM --fd 7 7<&0 0</dev/null >/dev/full");
        server.until(" on http://");
        for _ in 0..3 {
            expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        }
        server.ends_well();
    });
}

#[test]
fn figures_are_on_an_address_of_their_own() {
    watch(|| {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let (server, address) = Server::serving(&format!("--metrics {free}"));
        for _ in 0..3 {
            ask(&address, "/");
        }
        let mut refused = TcpStream::connect(&address).unwrap();
        refused.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        refused.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        let text = ask(&free, "/metrics");
        for expected in [
            "tidepool_requests_total{method=\"GET\",status=\"2xx\"} 3\n",
            "tidepool_request_duration_seconds_count 3\n",
            "tidepool_request_duration_seconds_bucket{le=\"+Inf\"} 3\n",
            "tidepool_requests_in_flight 0\n",
            "tidepool_declined_requests_total{status=\"400\"} 1\n",
            "tidepool_declined_requests_total{status=\"503\"} 0\n",
            "# TYPE tidepool_request_duration_seconds histogram\n",
        ] {
            assert!(text.contains(expected), "{expected:?} is not in {text}");
        }
        server.ends_well();
    });
}

#[test]
fn a_websocket_is_accepted_logged_and_closed() {
    watch(|| {
        let (mut server, address) = Server::serving("");
        let mut stream = TcpStream::connect(&address).unwrap();
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        write!(stream, "GET /ws HTTP/1.1\r\nhost: crab\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n").unwrap();
        let (mut heard, mut byte) = (Vec::new(), [0]);
        // A text of four bytes, then the goodbye with 1000.
        let end = b"\x81\x04crab\x88\x02\x03\xe8";
        while !heard.ends_with(end) {
            let count = stream.read(&mut byte).unwrap();
            assert!(count > 0, "ended before that: {}", String::from_utf8_lossy(&heard));
            heard.push(byte[0]);
        }
        assert!(heard.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&heard));
        drop(stream);
        server.until("\"WebSocket /ws\" [accepted]");
        server.ends_well();
    });
}
