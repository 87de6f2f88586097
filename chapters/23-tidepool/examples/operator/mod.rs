//! A server in a process of its own, and an operator who starts it with options, asks it, sends it signals and tells what happens.
//!
//! The program is both: it starts itself again as the server.
#![expect(dead_code, reason = "each example uses a part of it")]

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

const ROLE: &str = "TIDEPOOL_EXAMPLE_SERVES";

/// Whether this process is the server, or one of its workers.
pub fn serves() -> bool {
    env::var_os(ROLE).is_some()
}

/// A running server. It ends with this value.
pub struct Server {
    child: Child,
    said: Receiver<String>,
    /// Where it listens, as soon as it has said so.
    pub address: String,
}

impl Server {
    /// This program with such options, in such a folder.
    pub fn command(words: &str) -> Command {
        let mut command = Command::new(env::current_exe().expect("this program is a file"));
        command.args(words.split_whitespace()).env(ROLE, "yes").stdin(Stdio::null());
        command
    }

    /// Starts it on a free port, and returns when it serves.
    pub fn start(words: &str) -> Self {
        let mut server = Self::spawn(&mut Self::command(&format!("--port 0 {words}")));
        let several = words.contains("--workers");
        server.until(if several { "all workers are ready" } else { " on http" }, |_| false);
        server
    }

    /// Starts it, and does not wait.
    pub fn spawn(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("this program can be started");
        let (say, said) = channel();
        let outputs: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("it is piped")),
            Box::new(child.stderr.take().expect("it is piped")),
        ];
        for output in outputs {
            let say = say.clone();
            thread::spawn(move || {
                let lines = BufReader::new(output).lines().map_while(Result::ok);
                lines.for_each(|line| drop(say.send(line)));
            });
        }
        Self { child, said, address: String::new() }
    }

    /// Reads what it says up to a line with that in it, and tells the lines that are wanted.
    pub fn until(&mut self, part: &str, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.said.recv().expect("the server has ended too early");
            if let Some((_, rest)) =
                line.split_once(" on http://").filter(|_| line.contains("Tidepool"))
            {
                let end = rest.find(' ').unwrap_or(rest.len());
                rest[..end].clone_into(&mut self.address);
            }
            if wanted(&line) {
                tell("server", &masked(&line));
            }
            if line.contains(part) {
                return line;
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        // Not reaped yet, so the number is still its own.
        kill_process(Pid::from_child(&self.child), signal).expect("the server runs");
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has exited: its code, and what it has said.
    pub fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let code = self.child.wait().expect("it is our child").code();
        let lines = self.said.iter().collect();
        (code, lines)
    }

    /// Tells it to end.
    pub fn end(self) -> (Option<i32>, Vec<String>) {
        self.signal(Signal::TERM);
        self.ended()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it has ended already, these say so. Workers see that their supervisor is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process by its number.
pub fn kill(pid: i32, signal: Signal) {
    let pid = Pid::from_raw(pid).expect("a process has a number");
    kill_process(pid, signal).expect("it runs");
}

/// One line of what happens.
pub fn tell(who: &str, what: &str) {
    println!("{who:<8} {what}");
}

/// A line without what is another one each time: ports, and numbers of processes.
pub fn masked(line: &str) -> String {
    let line = without_number(line, "127.0.0.1:", "PORT");
    without_number(&line, "process [", "PID")
}

fn without_number(line: &str, after: &str, name: &str) -> String {
    let mut parts = line.split(after);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        whole = whole + after + if rest.len() < part.len() { name } else { "" } + rest;
    }
    whole
}

/// Asks once, over a connection of its own: all that comes back, or what went wrong.
pub fn try_ask(address: &str, path: &str, fields: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n{fields}\r\n")?;
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard)?;
    if heard.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&heard).into_owned())
}

/// The body of an answer.
pub fn ask(address: &str, path: &str, fields: &str) -> String {
    let heard = try_ask(address, path, fields).expect("the server answers");
    heard.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim_end().to_owned()
}

/// Resident memory of a process in MiB, where there is a `/proc`.
pub fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}
