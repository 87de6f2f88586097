//! A server in a process of its own, and a visitor who signs its guest book, sends it signals and tells what happens.
//!
//! The program is both: it starts itself again as the server.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, ExitCode, Stdio};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

const ROLE: &str = "TIDEPOOL_EXAMPLE_SERVES";

/// The server's `main`, and what a visitor does with it.
pub fn visit(serve: impl FnOnce() -> ExitCode, script: impl FnOnce(&mut Visit)) -> ExitCode {
    if env::var_os(ROLE).is_some() {
        return serve();
    }
    let book = env::temp_dir().join(format!("tidepool-guest-book-{}", std::process::id()));
    fs::write(&book, "Judit\n").expect("a temporary file can be written");
    let mut server = Command::new(env::current_exe().expect("this program is a file"))
        .env(ROLE, "yes")
        .env("GUEST_BOOK", &book)
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program can be started");
    let stderr = BufReader::new(server.stderr.take().expect("it is piped"));
    let mut visit = Visit { server, stderr, address: None };
    script(&mut visit);
    visit.end();
    let names = fs::read_to_string(&book).expect("the book can be read");
    tell("book", &names.lines().collect::<Vec<_>>().join(", "));
    fs::remove_file(&book).expect("the book can be removed");
    ExitCode::SUCCESS
}

fn tell(who: &str, what: &str) {
    println!("  {who:<8} {what}");
}

/// A server, as its visitor sees it.
pub struct Visit {
    server: Child,
    stderr: BufReader<ChildStderr>,
    address: Option<String>,
}

impl Visit {
    /// Tells what the server says, until it says something that begins like that.
    pub fn until(&mut self, start: &str) {
        while let Some(line) = self.line() {
            if line.starts_with(start) {
                return;
            }
        }
        panic!("the server has ended before it said {start:?}");
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        if self.stderr.read_line(&mut line).expect("the server's words are text") == 0 {
            return None;
        }
        let mut line = line.trim_end().to_owned();
        if let Some(address) = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next())
        {
            // Another one each time.
            self.address = Some(address.to_owned());
            line = line.replace(address, "127.0.0.1:PORT");
        }
        tell("server", &line);
        Some(line)
    }

    /// Begins to sign the book.
    pub fn signs(&self, name: &str) -> Visitor {
        let address = self.address.as_ref().expect("the server has said where it is");
        let mut stream = TcpStream::connect(address).expect("the server accepts");
        let length = name.len();
        let request =
            format!("POST / HTTP/1.1\r\nhost: crab\r\ncontent-length: {length}\r\n\r\n{name}");
        stream.write_all(request.as_bytes()).expect("the server reads");
        Visitor { name: name.to_owned(), stream }
    }

    pub fn signal(&self, signal: Signal) {
        tell("signal", name(signal.as_raw()));
        kill_process(Pid::from_child(&self.server), signal).expect("the server runs");
    }

    /// Tells the rest, and how it ended.
    fn end(mut self) {
        use std::os::unix::process::ExitStatusExt;
        while self.line().is_some() {}
        let status = self.server.wait().expect("the server is our child");
        match (status.code(), status.signal()) {
            (Some(code), _) => tell("server", &format!("exits with code {code}")),
            (None, signal) => {
                tell("server", &format!("is killed by {}", name(signal.unwrap_or_default())));
            }
        }
    }
}

fn name(signal: i32) -> &'static str {
    match signal {
        2 => "SIGINT",
        15 => "SIGTERM",
        _ => "another signal",
    }
}

/// Somebody who is signing the book.
pub struct Visitor {
    name: String,
    stream: TcpStream,
}

impl Visitor {
    /// Tells what answer there was.
    pub fn hears(mut self) {
        let mut heard = String::new();
        // A reset is an end as well.
        let _ = self.stream.read_to_string(&mut heard);
        match heard.rsplit("\r\n").next() {
            Some(text) if !text.is_empty() => {
                tell("client", &format!("{} hears: {}", self.name, text.trim_end()));
            }
            _ => tell("client", &format!("{} hears nothing: the connection is lost", self.name)),
        }
    }
}
