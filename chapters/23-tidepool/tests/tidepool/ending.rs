//! The end of a server on which all kinds of connections are open; and a server that has no descriptors left.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;

use proctor::expect_eq;
use rustix::process::Signal;

use crate::common::{Server, ask, program, try_ask, with_programs};
use crate::tls::curl;

/// Opens a WebSocket, and waits for its first message.
fn open_websocket(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    write!(stream, "GET /open HTTP/1.1\r\nhost: crab\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n").unwrap();
    let (mut heard, mut byte) = (Vec::new(), [0]);
    while !heard.ends_with(b"\x81\x04crab") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{:?}", String::from_utf8_lossy(&heard));
        heard.push(byte[0]);
    }
    stream
}

#[test]
fn term_ends_a_process_whose_only_thread_is_blocked() {
    with_programs(|| {
        let bounds =
            "--timeout-graceful-shutdown 200ms --timeout-shutdown 200ms --timeout-leave 200ms";
        let (mut server, address) = Server::serving(&format!("--threads 1 {bounds}"));
        let blocked = thread::spawn({
            let address = address.clone();
            move || try_ask(&address, "/block", "").is_err()
        });
        server.until("blocks");
        server.signal(Signal::TERM);
        let (code, lines) = server.ended();
        assert!(blocked.join().unwrap(), "its client hears that it is over");
        expect_eq!(code, Some(1), "the exit code, after {lines:#?}");
    });
}

#[test]
fn term_ends_a_feed_a_websocket_and_a_stream_of_http_2_well() {
    with_programs(|| {
        for workers in [1, 2] {
            let (mut server, address) = Server::serving(&format!("--workers {workers}"));
            let mut feed = TcpStream::connect(&address).unwrap();
            write!(feed, "GET /feed HTTP/1.1\r\nhost: crab\r\n\r\n").unwrap();
            server.until("\"GET /feed HTTP/1.1\" 200");
            let mut socket = open_websocket(&address);
            let streams = thread::spawn({
                let address = address.clone();
                move || curl(&["--http2-prior-knowledge", "-N", &format!("http://{address}/feed")])
            });
            if curl(&["--version"]).is_some() {
                server.until("\"GET /feed HTTP/2\" 200");
            }
            server.signal(Signal::TERM);
            let mut heard = String::new();
            feed.read_to_string(&mut heard).unwrap();
            assert!(heard.ends_with("4\r\nbye\n\r\n0\r\n\r\n"), "the feed over HTTP/1.1: {heard}");
            let mut goodbye = [0; 4];
            socket.read_exact(&mut goodbye).unwrap();
            // A frame of the goodbye, with 1012: the service restarts.
            assert!(goodbye[0] == 0x88 && goodbye[2..] == [0x03, 0xf4], "{goodbye:x?}");
            drop(socket);
            if let Some(heard) = streams.join().unwrap() {
                assert!(heard.ends_with("tide\nbye\n"), "the feed over HTTP/2: {heard}");
            }
            let (code, lines) = server.ended();
            expect_eq!(code, Some(0), "the exit code");
            assert!(!lines.iter().any(|line| line.contains(": cut")), "{lines:#?}");
        }
    });
}

#[test]
fn without_descriptors_it_says_so_once_waits_and_goes_on() {
    with_programs(|| {
        let script =
            format!("ulimit -n 40 && exec {} --port 0 --no-access-log", program().display());
        let mut server =
            Server::of(Command::new("/bin/sh").args(["-c", &script]).stdin(Stdio::null()));
        let address = server.address();
        expect_eq!(ask(&address, "/"), "crab\n", "the answer");
        // More than it can have, and each of them asks: who waits is in the kernel's queue.
        let mut crowd: Vec<_> = (0..60)
            .map(|_| {
                let mut stream = TcpStream::connect(&address).unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\nhost: crab\r\n\r\n").unwrap();
                stream
            })
            .collect();
        server.until("accept: ");
        let mut first = [0; 12];
        crowd[0].read_exact(&mut first).unwrap();
        expect_eq!(&first, b"HTTP/1.1 200", "what one hears that it has accepted before");
        // As the first ones leave, the last ones come in.
        let last = crowd.pop().unwrap();
        drop(crowd);
        let mut last = last;
        last.read_exact(&mut first).unwrap();
        expect_eq!(&first, b"HTTP/1.1 200", "what the last of the crowd hears");
        drop(last);
        assert!(try_ask(&address, "/", "").is_ok(), "it accepts again");
        let lines = server.ends_well();
        let said = lines.iter().filter(|line| line.contains("accept: ")).count();
        expect_eq!(said, 1, "how often it has said that there are none left");
    });
}
