//! A server in a process of its own, and clients that ask it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Programs that others wrote take their time to begin, as handshakes do on a busy machine: this test has a minute.
pub fn with_programs(test: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel::<()>();
    let test = thread::spawn(move || {
        let _done = done;
        test();
    });
    let late = ended.recv_timeout(Duration::from_mins(1)) == Err(RecvTimeoutError::Timeout);
    assert!(!late, "after a minute, the server or a client of it has not ended");
    test.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

/// A server, which ends with the test at the latest. What it says is read all the time: it must not wait for a test to listen.
pub struct Server {
    child: Child,
    said: Receiver<String>,
    pub lines: Vec<String>,
}

/// Cargo builds examples with the tests, and puts them beside them.
pub fn program() -> PathBuf {
    example("tide_subject")
}

fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(built.exists(), "build it first: cargo build -p tidepool --example {name}");
    built
}

impl Server {
    pub fn start(words: &str) -> Self {
        Self::with(words, |command| command)
    }

    /// Another program than the subject of the tests.
    pub fn example(name: &str, words: &str) -> Self {
        let mut command = Command::new(example(name));
        Self::of(command.args(words.split_whitespace()).stdin(Stdio::null()))
    }

    pub fn with(words: &str, change: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut command = Command::new(program());
        command.args(words.split_whitespace()).stdin(Stdio::null());
        Self::of(change(&mut command))
    }

    pub fn of(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (say, said) = channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let say = say.clone();
            thread::spawn(move || {
                let lines = BufReader::new(output).lines().map_while(Result::ok);
                // The test may be over.
                lines.for_each(|line| drop(say.send(line)));
            });
        }
        Self { child, said, lines: Vec::new() }
    }

    /// A server that serves by now, and its address.
    pub fn serving(words: &str) -> (Self, String) {
        let mut server = Self::start(&format!("--port 0 {words}"));
        let address = server.address();
        if words.contains("--workers") && !words.contains("--workers 1") {
            server.until("all workers are ready");
        }
        (server, address)
    }

    pub fn address(&mut self) -> String {
        let line = self.until(" on http");
        let (_, after) = line.split_once("://").unwrap();
        after.split(' ').next().unwrap().to_owned()
    }

    /// Reads what the server says until a line with that in it.
    pub fn until(&mut self, part: &str) -> String {
        loop {
            let Ok(line) = self.said.recv() else {
                panic!("it ended before it said {part:?}: {:#?}", self.lines)
            };
            self.lines.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Reads on until each of these was said, in whatever order: several processes speak.
    pub fn until_each(&mut self, parts: &[&str]) {
        let mut left = parts.to_vec();
        while !left.is_empty() {
            let Ok(line) = self.said.recv() else {
                panic!("it ended before it said {left:?}: {:#?}", self.lines)
            };
            if let Some(at) = left.iter().position(|part| line.contains(part)) {
                left.remove(at);
            }
            self.lines.push(line);
        }
    }

    pub fn signal(&self, signal: Signal) {
        // Not reaped yet, so the number is still its own.
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has exited: its code, and all that it has said.
    pub fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let code = self.child.wait().unwrap().code();
        self.lines.extend(self.said.iter());
        (code, std::mem::take(&mut self.lines))
    }

    /// Tells it to end, and expects that it does so well.
    pub fn ends_well(self) -> Vec<String> {
        self.signal(Signal::TERM);
        let (code, lines) = self.ended();
        assert_eq!(code, Some(0), "{lines:#?}");
        lines
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it has ended already, these say so. A supervisor that is killed leaves workers, and they see that it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn kill(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Asks once, over a connection of its own: all that comes back, or what went wrong.
pub fn try_ask(address: &str, path: &str, fields: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: crab\r\nconnection: close\r\n{fields}\r\n")?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard)?;
    if heard.is_empty() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(heard)
}

/// The body of the answer.
pub fn ask(address: &str, path: &str) -> String {
    let heard = try_ask(address, path, "").unwrap();
    let (start, body) = heard.split_once("\r\n\r\n").unwrap();
    assert!(start.starts_with("HTTP/1.1 200"), "{heard}");
    body.to_owned()
}

/// Clients that ask until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    clients: Vec<thread::JoinHandle<()>>,
}

/// How many they are.
pub const CLIENTS: usize = 4;

impl Load {
    /// Each asks for the page of an address, over a new connection each time.
    pub fn on(address: &str) -> Self {
        let address = address.to_owned();
        Self::of(move || try_ask(&address, "/", "").is_ok_and(|heard| heard.ends_with("crab\n")))
    }

    /// Each asks so, and learns whether it was well.
    pub fn of(ask: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let ask = Arc::new(ask);
        let stop = Arc::new(AtomicBool::new(false));
        let (asked, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let client = |_| {
            let ask = Arc::clone(&ask);
            let (stop, asked, failed) =
                (Arc::clone(&stop), Arc::clone(&asked), Arc::clone(&failed));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if !ask() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { stop, asked, failed, clients }
    }

    /// Goes on until so many more have been asked.
    pub fn go_on(&self, more: usize) {
        let until = self.asked.load(Ordering::Relaxed) + more;
        while self.asked.load(Ordering::Relaxed) < until {
            thread::yield_now();
        }
    }

    pub fn failed(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }

    pub fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
        self.failed.load(Ordering::Relaxed)
    }
}
