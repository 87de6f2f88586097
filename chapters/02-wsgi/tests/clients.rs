//! Other people's clients against our server, on real sockets. Skips, loudly, what is not installed.
//!
//! The clients bring bounds on time of their own, generous enough for a machine with other things to do.

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use common::{echo, spawn};
use wsgi::{TestClock, crab_app};

/// The output of a program, or nothing if it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        eprintln!("SKIPPED: {program} is not installed, so this server was not tried with it");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} failed: {errors}");
    Some(output)
}

fn curl(address: SocketAddr, path: &str, more: &[&str]) -> Option<String> {
    let url = format!("http://{address}{path}");
    let mut arguments = vec!["--silent", "--show-error", "--max-time", "30", "--noproxy", "*"];
    arguments.extend(more);
    arguments.push(&url);
    run("curl", &arguments).map(|output| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn curl_reads_pages_the_feed_and_heads() {
    let (address, _) = spawn(4, crab_app(Arc::new(TestClock::new())));
    let Some(page) = curl(address, "/crabs/hermit", &["--include"]) else {
        return;
    };
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("Pagurus"), "{page}");
    let feed = curl(address, "/feed?readings=2", &[]).unwrap();
    assert_eq!(feed, "0.50 m, rising\n0.51 m, rising\n");
    let old = curl(address, "/feed?readings=2", &["--http1.0"]).unwrap();
    assert_eq!(old, feed, "a 1.0 client reads to the end of the connection");
    let head = curl(address, "/feed", &["--head"]).unwrap();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
}

#[test]
fn curl_sends_bodies_with_a_length_in_chunks_and_after_100_continue() {
    let (address, _) = spawn(3, echo);
    let Some(same) = curl(address, "/", &["--data", "crab"]) else {
        return;
    };
    assert_eq!(same, "crab");
    let chunked =
        curl(address, "/", &["--data", "crab", "--header", "Transfer-Encoding: chunked"]).unwrap();
    assert_eq!(chunked, "crab");
    let waited = curl(
        address,
        "/",
        &[
            "--data",
            "crab",
            "--header",
            "Expect: 100-continue",
            "--expect100-timeout",
            "60",
            "--include",
        ],
    )
    .unwrap();
    assert!(waited.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{waited}");
}

#[test]
fn curl_keeps_its_connection_for_a_second_request() {
    // One connection is all the server accepts: a second one would never be answered.
    let (address, server) = spawn(1, crab_app(Arc::new(TestClock::new())));
    let second = format!("http://{address}/guests");
    let Some(both) = curl(address, "/", &[&second]) else {
        return;
    };
    assert!(both.contains("Crabs are cool") && both.contains("Guest book"), "{both}");
    server.join().unwrap();
}

#[test]
fn pythons_http_client_keeps_its_connection_and_reads_chunks() {
    let (address, _) = spawn(1, crab_app(Arc::new(TestClock::new())));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/client.py");
    let Some(output) = run("python3", &[script, &address.to_string()]) else {
        return;
    };
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "GET / 200 404 bytes\nPOST /guests 303 /guests\nGET /feed?readings=3 200 chunked 45 bytes\nHEAD / 200 0 bytes\n"
    );
}

#[test]
fn a_malformed_request_is_answered_and_the_answer_arrives() {
    let (address, _) = spawn(1, echo);
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // More than the server reads of it: closing on unread bytes must not reset the answer away.
    let mut request =
        b"POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    request.resize(100_000, b'x');
    client.write_all(&request).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(
        answer.ends_with("a request has either Content-Length or Transfer-Encoding, not both\n"),
        "{answer}"
    );
}
