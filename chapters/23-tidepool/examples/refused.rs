//! What the server says when it can't be started as it was asked to, and with which code it exits.
//!
//! `cargo run -p tidepool --example refused`: six messages, each with its place and what would be right.

mod operator;

use std::fs;
use std::net::TcpListener;

use operator::{Server, masked, serves};

fn main() {
    if serves() {
        tidepool::main(gateway::crab_app);
    }
    let folder = std::env::temp_dir().join(format!("tidepool-refused-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder can be made");
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).expect("a temporary file can be written");
    };
    write("tide.toml", "workrs = 4\n");
    write("late.toml", "timeout-head = \"ten\"\n");
    write("crab.pem", "a certificate, honestly\n");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it has an address").port().to_string();
    for (environment, words) in [
        ("", "--port PORT"),
        ("", "--config tide.toml"),
        ("", "--config late.toml"),
        ("TIDEPOOL_WORKERS=several", ""),
        ("", "--ssl-certfile crab.pem"),
        ("", "--uds tide.toml"),
    ] {
        let mut command = Server::command(&words.replace("PORT", &port));
        command.current_dir(&folder);
        if let Some((name, value)) = environment.split_once('=') {
            command.env(name, value);
        }
        let (code, lines) = Server::spawn(&mut command).ended();
        println!("$ {}", [environment, "tide", words].join(" ").trim());
        for line in &lines {
            println!("{}", masked(line));
        }
        println!("exit code {}\n", code.unwrap_or_default());
    }
    fs::remove_dir_all(&folder).expect("it can be removed");
}
