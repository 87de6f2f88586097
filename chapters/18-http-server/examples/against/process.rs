//! Servers as processes: starting them, and asking what they have used.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use cpu_time::ProcessTime;

use crate::servers;

/// A server in a process of its own, until this is dropped.
pub struct Server {
    process: Child,
    says: Option<BufReader<std::process::ChildStdout>>,
    pub address: SocketAddr,
}

impl Server {
    /// One of ours, on that core if one is given, with room for so many descriptors.
    pub fn start(
        way: &str,
        core: Option<&str>,
        descriptors: u64,
        bounds: Duration,
    ) -> io::Result<Self> {
        let this = env::current_exe()?;
        let mut command = match core {
            None => Command::new(this),
            Some(core) => {
                let mut taskset = Command::new("taskset");
                taskset.args(["-c", core]).arg(this);
                taskset
            }
        };
        let mut process = command
            .args(["--serve", way, &descriptors.to_string(), &bounds.as_secs().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut says = BufReader::new(process.stdout.take().expect("the output is piped"));
        let mut address = String::new();
        says.read_line(&mut address)?;
        let address = address.trim_end().parse().map_err(io::Error::other)?;
        Ok(Self { process, says: Some(says), address })
    }

    /// Uvicorn with the page in Python, if it is installed as the README says.
    pub fn uvicorn() -> io::Result<Option<Self>> {
        let chapter = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = chapter.join("../../target/python/bin/uvicorn");
        if !program.exists() {
            return Ok(None);
        }
        // It is free now, and nobody else takes it within the second.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let process = Command::new(program)
            .args(["--app-dir", "python", "--port", &address.port().to_string()])
            .args(["--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "600"])
            .args(["--backlog", "4096", "against:app"])
            .current_dir(chapter)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let server = Self { process, says: None, address };
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                return Ok(Some(server));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(io::Error::other("Uvicorn does not accept connections"))
    }

    /// Microseconds of processor time that it has taken so far, its own and the kernel's for it.
    pub fn time(&mut self) -> io::Result<u64> {
        let says = self.says.as_mut().ok_or(io::ErrorKind::Unsupported)?;
        self.process.stdin.as_mut().expect("the input is piped").write_all(b"time?\n")?;
        let mut line = String::new();
        says.read_line(&mut line)?;
        line.trim_end().parse().map_err(io::Error::other)
    }

    /// Its resident memory, in KiB.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        number.and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidData.into())
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.process.id()))?.count())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        if self.says.is_none() {
            // It may have ended by itself.
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// What the process that [`Server::start`] starts does. It ends when the other one closes its input.
pub fn be_a_server(way: &str, bounds: u64) -> io::Result<()> {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    listener.listen(4_096)?;
    let listener = TcpListener::from(listener);
    println!("{}", listener.local_addr()?);
    thread::spawn(|| {
        for _ in io::stdin().lines().map_while(Result::ok) {
            println!("{}", ProcessTime::now().as_duration().as_micros());
        }
        std::process::exit(0);
    });
    servers::serve(way, listener, Duration::from_secs(bounds))
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
