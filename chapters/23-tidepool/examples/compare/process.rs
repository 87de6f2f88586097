//! A server as a process, with all that it has started: when it is ready, and what it has used.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::ours::HELLO;
use crate::peers::Peer;

/// How long a server may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, until this is dropped.
pub struct Server {
    pub peer: Peer,
    pub address: SocketAddr,
    /// How many answers a second it has given, as far as it was asked.
    pub shown: Cell<f64>,
    process: Child,
    says: File,
}

impl Server {
    /// Starts it on that core, out of that folder if it is in Python; with TLS, if there are certificate and key.
    pub fn start(
        peer: Peer,
        folder: &Path,
        core: u32,
        tls: Option<&(PathBuf, PathBuf)>,
    ) -> io::Result<Self> {
        // The port is free now, and nobody else takes it within the second.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let says = tempfile::tempfile()?;
        let process = peer
            .command(folder, core, address.port(), tls)?
            .stdin(Stdio::null())
            .stdout(says.try_clone()?)
            .stderr(says.try_clone()?)
            .spawn()
            .map_err(|error| {
                io::Error::other(format!(
                    "setpriv and taskset of util-linux are needed to start a server: {error}"
                ))
            })?;
        Ok(Self { peer, address, shown: Cell::new(0.0), process, says })
    }

    /// Waits until it accepts connections.
    pub fn ready(&mut self) -> io::Result<()> {
        let began = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if self.process.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("does not start: {}", self.says()?)));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Asks for that path once, over HTTP/1.1, and looks at what comes.
    pub fn answers(&self, path: &str, body: &[u8], expected: &[u8]) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let method = if body.is_empty() { "GET" } else { "POST" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: crab\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response)?;
        let good = response.starts_with(b"HTTP/1.1 200") && response.ends_with(expected);
        if good {
            return Ok(());
        }
        let start = String::from_utf8_lossy(&response[..response.len().min(300)]).into_owned();
        Err(io::Error::other(format!("answers {method} {path} with\n{start}")))
    }

    /// What it has said so far.
    fn says(&mut self) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.says.rewind()?;
        self.says.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Microseconds of processor time that its processes have taken so far, their own and the kernel's for them.
    pub fn time(&self) -> io::Result<f64> {
        let mut nanoseconds = 0;
        for process in family(self.process.id())? {
            for thread in fs::read_dir(format!("/proc/{process}/task"))?.flatten() {
                // A thread may end between two looks.
                let statistics = fs::read_to_string(thread.path().join("schedstat"));
                let statistics = statistics.unwrap_or_default();
                let first = statistics.split_whitespace().next();
                nanoseconds += first.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
            }
        }
        Ok(nanoseconds as f64 / 1e3)
    }

    /// How many descriptors its first process has open.
    pub fn descriptors(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.process.id()))?.count())
    }

    /// Resident memory of its processes, in KiB.
    pub fn resident(&self) -> io::Result<f64> {
        let mut sum = 0.0;
        for process in family(self.process.id())? {
            let status = fs::read_to_string(format!("/proc/{process}/status"))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
            sum += number.and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        }
        Ok(sum)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let all = family(self.process.id()).unwrap_or_default();
        // Each may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2)
            && matches!(self.process.try_wait(), Ok(None))
        {
            sleep(Duration::from_millis(10));
        }
        let ended = matches!(self.process.try_wait(), Ok(Some(_)));
        for process in all {
            // Those that the first process has left behind, and the first itself if it is still there.
            let is_first = process == self.process.id();
            let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
            if let Some(pid) = pid.filter(|_| !is_first || !ended) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let _ = self.process.wait();
    }
}

/// A process and all that come from it.
fn family(first: u32) -> io::Result<Vec<u32>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let processes = fs::read_dir("/proc").map_err(|error| {
        io::Error::other(format!("what servers use is read from Linux's /proc: {error}"))
    })?;
    for entry in processes.flatten() {
        let Ok(process) = entry.file_name().to_string_lossy().parse() else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // Behind the program's name, which may have anything in it: the state, and the parent.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if let Some(parent) = parent.and_then(|text| text.parse().ok()) {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut all = vec![first];
    let mut next = 0;
    while let Some(process) = all.get(next) {
        let more = children.remove(process).unwrap_or_default();
        all.extend(more);
        next += 1;
    }
    Ok(all)
}

/// What a request for that path is answered with, and its body.
pub fn exchange(path: &str) -> (Vec<u8>, Vec<u8>) {
    match path {
        "/page" => (Vec::new(), crate::ours::PAGE.to_vec()),
        "/echo" => (crate::ours::PAGE.to_vec(), crate::ours::PAGE.to_vec()),
        _ => (Vec::new(), HELLO.to_vec()),
    }
}
