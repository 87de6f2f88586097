//! What an operator sees of a few requests: the log for people, the log for programs, and figures.
//!
//! `cargo run -p tidepool --example seen`: two lines, two objects, and some figures of two workers together.

mod operator;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use operator::{Server, ask, masked, serves};

fn main() {
    if serves() {
        tidepool::main(gateway::crab_app);
    }
    for format in ["text", "json"] {
        println!("--log-format {format}");
        let server = Server::start(&format!("--log-format {format}"));
        ask(&server.address, "/", "user-agent: curl\r\n");
        ask(&server.address, "/admin%0aINFO:%20welcome,%20root", "");
        let (_, lines) = server.end();
        for line in lines.iter().filter(|line| line.contains(" - \"") || is_request(line)) {
            println!("  {}", masked(&unhurried(line)));
        }
    }

    // Who is given a port below may be another program a moment later, but hardly ever is.
    let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let figures = free.local_addr().expect("it has an address").to_string();
    drop(free);
    println!("--workers 2 --metrics 127.0.0.1:9000");
    let server = Server::start(&format!(
        "--workers 2 --timeout-worker-healthcheck 1 --no-access-log --metrics {figures}"
    ));
    for _ in 0..40 {
        ask(&server.address, "/", "");
    }
    ask(&server.address, "/no/such/page", "");
    let mut watcher = TcpStream::connect(&server.address).expect("the server accepts");
    watcher.write_all(b"GET /feed HTTP/1.1\r\nhost: crab\r\n\r\n").expect("the server reads");
    watcher.read_exact(&mut [0; 16]).expect("the server answers");
    let text = loop {
        let text = ask(&figures, "/metrics", "");
        // Workers say what they have counted three times a second.
        let all = [
            "duration_seconds_count 41",
            "in_flight 1",
            "phase=\"active\"} 1",
            "phase=\"idle\"} 0",
            "phase=\"silent\"} 0",
        ]
        .iter()
        .all(|line| text.contains(line));
        if all {
            break text;
        }
        thread::yield_now();
    };
    for line in text.lines().filter(|line| is_telling(line)) {
        println!("  {line}");
    }
}

fn is_request(line: &str) -> bool {
    line.contains("\"logger\":\"tidepool::access\"")
}

/// Without what is another one each time.
fn unhurried(line: &str) -> String {
    let Ok(serde_json::Value::Object(mut object)) = serde_json::from_str(line) else {
        return line.to_owned();
    };
    for (name, value) in [("timestamp", "2026-11-29T02:00:00Z".into()), ("pid", 4711.into())] {
        object.insert(name.to_owned(), value);
    }
    object.insert("duration_ms".to_owned(), 0.25.into());
    serde_json::Value::Object(object).to_string()
}

/// No comment, no bucket, and not nothing.
fn is_telling(line: &str) -> bool {
    !line.starts_with('#')
        && !line.contains("bucket")
        && !line.ends_with(" 0")
        && !line.contains("_sum")
}
