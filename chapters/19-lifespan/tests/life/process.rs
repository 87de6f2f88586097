//! Real processes and real signals: exit codes, messages, and what is left on the wire. The program is `endings.rs`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};

use proctor::{expect_eq, watch};
use rustix::process::{Pid, Signal, kill_process};

/// A server in a process of its own, which ends with the test at the latest.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stderr: BufReader<ChildStderr>,
    lines: Vec<String>,
}

/// Cargo builds examples with the tests, and puts them beside them.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples/endings");
    assert!(built.exists(), "build it first: cargo build -p lifespan --example endings");
    built
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(arguments)
            // One thread for the calls: one call that blocks it blocks them all.
            .env("TOKIO_WORKER_THREADS", "1")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let stdin = child.stdin.take();
        Self { child, stdin, stderr, lines: Vec::new() }
    }

    /// A server that serves by now, on a free port, and a connection to it.
    fn serving(arguments: &[&str]) -> (Self, Client) {
        let mut server = Self::start(&[&["127.0.0.1:0"], arguments].concat());
        let client = server.connect();
        (server, client)
    }

    fn connect(&mut self) -> Client {
        let line = self.until("serving http://");
        let address = line.trim_start_matches("serving http://").split(' ').next().unwrap();
        Client { stream: TcpStream::connect(address).unwrap() }
    }

    /// Reads what the server says until such a line.
    fn until(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.stderr.read_line(&mut line).unwrap();
            assert!(count > 0, "it ended before {start:?}: {:#?}", self.lines);
            let line = line.trim_end().to_owned();
            self.lines.push(line.clone());
            if line.starts_with(start) {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // Not reaped yet, so the number is still its own.
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has exited: its code, and all that it has said.
    fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let code = self.child.wait().unwrap().code();
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        self.lines.extend(rest.lines().map(str::to_owned));
        (code, std::mem::take(&mut self.lines))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it has ended already, these say so.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Client {
    stream: TcpStream,
}

impl Client {
    fn ask(&mut self) {
        self.stream.write_all(b"GET / HTTP/1.1\r\nhost: crab\r\n\r\n").unwrap();
    }

    fn hear(&mut self, end: &str) -> String {
        let (mut heard, mut byte) = (Vec::new(), [0]);
        while !heard.ends_with(end.as_bytes()) {
            let count = self.stream.read(&mut byte).unwrap();
            assert!(count > 0, "ended before {end:?}: {}", String::from_utf8_lossy(&heard));
            heard.push(byte[0]);
        }
        String::from_utf8(heard).unwrap()
    }

    fn hear_all(&mut self) -> String {
        let mut heard = Vec::new();
        self.stream.read_to_end(&mut heard).unwrap();
        String::from_utf8(heard).unwrap()
    }
}

#[test]
fn sigterm_and_sigint_end_an_idle_process_with_code_0() {
    watch(|| {
        for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
            let (mut server, mut client) = Server::serving(&["page"]);
            client.ask();
            client.hear("crab\n");
            server.signal(signal);
            server.until(name);
            expect_eq!(client.hear_all(), "", "what the idle connection hears");
            drop(client);
            let (code, lines) = server.ended();
            expect_eq!(code, Some(0), "the exit code");
            let last = ["the application shuts down", "app: shutdown", "stopped"];
            assert!(lines.ends_with(&last.map(str::to_owned)), "{lines:#?}");
        }
    });
}

#[test]
fn an_endless_event_stream_ends_well_at_sigterm() {
    watch(|| {
        let (server, mut client) = Server::serving(&["feed"]);
        client.ask();
        client.hear("data: tide\n\n\r\n");
        server.signal(Signal::TERM);
        let heard = client.hear_all();
        expect_eq!(heard, "B\r\ndata: bye\n\n\r\n0\r\n\r\n", "the end of the stream");
        drop(client);
        let (code, lines) = server.ended();
        expect_eq!(code, Some(0), "the exit code");
        let shutdown = lines.iter().position(|line| line == "app: shutdown");
        let told = lines.iter().position(|line| line.starts_with("applications are told"));
        assert!(told.is_some() && told < shutdown, "{lines:#?}");
    });
}

#[test]
fn a_straggler_is_cut_and_its_client_sees_that_something_is_missing() {
    watch(|| {
        let (server, mut client) = Server::serving(&["deaf"]);
        client.ask();
        client.hear("data: tide\n\n\r\n");
        server.signal(Signal::TERM);
        expect_eq!(client.hear_all(), "", "what comes after the cut");
        let (code, lines) = server.ended();
        expect_eq!(code, Some(0), "the exit code");
        assert!(
            lines.iter().any(|line| line.ends_with("did not end within 0ns: cut")),
            "{lines:#?}"
        );
        expect_eq!(lines.last().unwrap(), "stopped", "the last line");
    });
}

#[test]
fn curl_tells_a_stream_that_ended_from_one_that_was_cut() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    watch(|| {
        // 18 is curl's code for a transfer of which something is missing.
        for (way, expected) in [("feed", 0), ("deaf", 18)] {
            let mut server = Server::start(&["127.0.0.1:0", way]);
            let line = server.until("serving ");
            let address = line.split(' ').nth(1).unwrap();
            let mut curl =
                Command::new("curl").args(["-sN", address]).stdout(Stdio::piped()).spawn().unwrap();
            let mut output = BufReader::new(curl.stdout.take().unwrap());
            output.read_line(&mut String::new()).unwrap();
            server.signal(Signal::TERM);
            expect_eq!(curl.wait().unwrap().code(), Some(expected), "curl's exit code");
            expect_eq!(server.ended().0, Some(0), "the exit code");
        }
    });
}

#[test]
fn a_second_sigint_aborts_at_once_and_a_second_sigterm_does_not() {
    watch(|| {
        let (mut server, mut client) = Server::serving(&["deaf", "patient"]);
        client.ask();
        client.hear("data: tide\n\n\r\n");
        server.signal(Signal::INT);
        server.until("applications are told");
        server.signal(Signal::TERM);
        server.until("SIGTERM: the shutdown is under way");
        server.signal(Signal::INT);
        expect_eq!(client.hear_all(), "", "what comes after the cut");
        let (code, lines) = server.ended();
        expect_eq!(code, Some(130), "the exit code");
        expect_eq!(lines.last().unwrap(), "SIGINT again: all is dropped", "the last line");
    });
}

#[test]
fn a_start_that_fails_exits_with_3_and_its_message() {
    watch(|| {
        let server = Server::start(&["127.0.0.1:0", "fails"]);
        let (code, lines) = server.ended();
        expect_eq!(code, Some(3), "the exit code");
        expect_eq!(
            lines,
            ["the application starts", "the application did not start: there is no water"],
            "what it says"
        );
    });
}

#[test]
fn a_shutdown_that_fails_exits_with_1_and_its_message() {
    watch(|| {
        let (server, client) = Server::serving(&["leaks"]);
        drop(client);
        server.signal(Signal::TERM);
        let (code, lines) = server.ended();
        expect_eq!(code, Some(1), "the exit code");
        let last = "the application did not shut down well: it leaks";
        expect_eq!(lines.last().unwrap(), last, "the last line");
    });
}

#[test]
fn a_port_in_use_exits_with_1_and_names_the_address_before_the_application_starts() {
    watch(|| {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let server = Server::start(&[&address, "page"]);
        let (code, lines) = server.ended();
        expect_eq!(code, Some(1), "the exit code");
        let why =
            "another program has this port: end that one, or take another port (0 is a free one)";
        expect_eq!(lines, [format!("cannot listen on {address}: {why}")], "what it says");
    });
}

#[test]
fn who_connects_during_startup_waits_for_its_end() {
    watch(|| {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut server = Server::start(&[&free.to_string(), "waits", "patient"]);
        server.until("the application starts");
        // The kernel takes the connection; nobody reads from it yet.
        let mut client = Client { stream: TcpStream::connect(free).unwrap() };
        client.ask();
        server.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        client.hear("crab\n");
        server.signal(Signal::TERM);
        drop(client);
        let (code, lines) = server.ended();
        expect_eq!(code, Some(0), "the exit code");
        expect_eq!(lines[1], "app: ready", "what comes after the start");
        assert!(lines[2].starts_with("serving"), "{lines:#?}");
        expect_eq!(lines[3], "app: called", "what comes after that");
    });
}

#[test]
fn a_signal_during_startup_ends_the_process_as_it_would_without_a_handler() {
    watch(|| {
        for (signal, expected) in [(Signal::TERM, 143), (Signal::INT, 130)] {
            // The start blocks a thread in a read that never comes back.
            let mut server = Server::start(&["127.0.0.1:0", "waits"]);
            server.until("the application starts");
            server.signal(signal);
            let (code, lines) = server.ended();
            expect_eq!(code, Some(expected), "the exit code");
            assert!(lines[1].ends_with("before the application had started"), "{lines:#?}");
        }
    });
}

#[test]
fn a_thread_that_never_comes_back_does_not_hold_the_process() {
    watch(|| {
        let (server, mut client) = Server::serving(&["thread"]);
        client.ask();
        client.hear("crab\n");
        drop(client);
        server.signal(Signal::TERM);
        expect_eq!(server.ended().0, Some(0), "the exit code");
    });
}

#[test]
fn a_process_whose_calls_block_all_threads_hears_signals_and_keeps_its_bounds() {
    watch(|| {
        // The lifespan call cannot run either, so it is late.
        let (mut server, mut client) = Server::serving(&["blocks"]);
        client.ask();
        server.until("app: called");
        server.signal(Signal::TERM);
        let (code, lines) = server.ended();
        expect_eq!(code, Some(1), "the exit code");
        assert!(lines.iter().any(|line| line.contains("block their threads")), "{lines:#?}");
        assert!(lines.last().unwrap().contains("it has not answered lifespan.shutdown"));

        let (mut server, mut client) = Server::serving(&["blocks", "patient"]);
        client.ask();
        server.until("app: called");
        server.signal(Signal::INT);
        server.until("SIGINT");
        server.signal(Signal::INT);
        expect_eq!(server.ended().0, Some(130), "the exit code");
    });
}
