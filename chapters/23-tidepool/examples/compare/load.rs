//! The load, from a process of its own on a core of its own: wrk's, h2load's, or our WebSockets'.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Server;
use crate::samples::Sample;
use crate::workloads::{Kind, Speaks, Workload};

/// What wrk is to do at the end, and for an echo.
const REPORT: &str = r#"
function done(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("measured %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), errors))
end
"#;
const ECHO: &str = "wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", 10239) .. \"\\n\"\n";

/// Where the load comes from, and the files that its programs need.
pub struct Load {
    pub core: u32,
    folder: tempfile::TempDir,
}

/// What a program has seen: times in microseconds.
struct Seen {
    count: f64,
    seconds: f64,
    times: [f64; 3],
    errors: f64,
}

impl Load {
    pub fn new(core: u32) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("report.lua"), REPORT)?;
        fs::write(folder.path().join("echo.lua"), format!("{ECHO}{REPORT}"))?;
        Ok(Self { core, folder })
    }

    /// Whose certificate the servers have.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Asks for so many seconds.
    pub fn put(&self, server: &Server, workload: &Workload, seconds: u32) -> io::Result<Sample> {
        let before = server.time()?;
        let seen = match (workload.kind, workload.speaks) {
            (Kind::Requests { path, .. }, Speaks::Http1 | Speaks::Http1Tls) => {
                self.wrk(server, workload, path, seconds)?
            }
            (Kind::Requests { path, streams }, _) => {
                self.h2load(server, workload, path, streams, seconds)?
            }
            (Kind::Echoes { size }, _) => self.sockets(server, workload, size, seconds)?,
            (Kind::Idle, _) => return Err(io::Error::other("nobody asks idle connections")),
        };
        let used = server.time()? - before;
        Ok(Sample {
            rate: seen.count / seen.seconds,
            times: seen.times,
            cost: used / seen.count,
            resident: server.resident()?,
            // Nobody who was answered is an error too.
            errors: if seen.count > 0.0 { seen.errors } else { seen.errors + 1.0 },
        })
    }

    /// A program on the load's core, which is ended if it does not end by itself.
    fn pinned(&self, program: impl AsRef<std::ffi::OsStr>, seconds: u32) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "timeout", &(seconds + 60).to_string()]);
        command.args(["taskset", "--cpu-list", &self.core.to_string()]).arg(program);
        command
    }

    fn wrk(
        &self,
        server: &Server,
        workload: &Workload,
        path: &str,
        seconds: u32,
    ) -> io::Result<Seen> {
        let script = if path == "/echo" { "echo.lua" } else { "report.lua" };
        let scheme = if workload.speaks.is_secure() { "https" } else { "http" };
        let mut command = self.pinned("wrk", seconds);
        command.args(["--threads", "1", "--timeout", "10s", "--latency"]);
        command.args(["--connections", &workload.connections.to_string()]);
        command.args(["--duration", &format!("{seconds}s"), "--script"]);
        command.arg(self.folder.path().join(script));
        let text = output(command.arg(format!("{scheme}://{}{path}", server.address)))?;
        let numbers = text.lines().find_map(|line| line.strip_prefix("measured "));
        let numbers = numbers.map(numbers_of).unwrap_or_default();
        let [count, microseconds, p50, p99, p999, errors] = numbers[..] else {
            return Err(io::Error::other(format!("wrk says\n{text}")));
        };
        Ok(Seen { count, seconds: microseconds / 1e6, times: [p50, p99, p999], errors })
    }

    /// h2load is told how many requests it shall make, not for how long: as many as the server has shown that it answers in that time.
    /// (Told for how long, version 1.52 does not end if a client's handshake does not end before.)
    fn h2load(
        &self,
        server: &Server,
        workload: &Workload,
        path: &str,
        streams: u32,
        seconds: u32,
    ) -> io::Result<Seen> {
        let log = self.folder.path().join("h2load.log");
        // It would append.
        let _ = fs::remove_file(&log);
        let least = workload.connections as f64 * f64::from(streams) + 200.0;
        let expected = server.shown.get() * f64::from(seconds);
        let count = expected.max(least).round();
        let scheme = if workload.speaks.is_secure() { "https" } else { "http" };
        let mut command = self.pinned("h2load", seconds);
        command.args(["--threads", "1", "--clients", &workload.connections.to_string()]);
        command.args(["--max-concurrent-streams", &streams.to_string()]);
        command.args(["--requests", &count.to_string()]);
        command.arg(format!("--log-file={}", log.display()));
        let text = output(command.arg(format!("{scheme}://{}{path}", server.address)))?;
        // finished in 1.97s, 50765.07 req/s, 2.13MB/s
        let rate = text.lines().find_map(|line| line.strip_prefix("finished in "));
        let rate = rate.and_then(|line| line.split(", ").find_map(|it| it.strip_suffix(" req/s")));
        let rate = rate.and_then(|rate| rate.parse::<f64>().ok()).filter(|rate| *rate > 0.0);
        let rate = rate.ok_or_else(|| io::Error::other(format!("h2load says\n{text}")))?;
        // A line for each request: when it began, its status, how long it took.
        let mut times: Vec<f64> = Vec::new();
        for line in fs::read_to_string(&log)?.lines() {
            if let [_, 200.0, time] = numbers_of(line)[..] {
                times.push(time);
            }
        }
        server.shown.set(rate);
        let answered = times.len() as f64;
        let errors = (count - answered).max(0.0);
        let seconds = answered / rate;
        Ok(Seen { count: answered, seconds, times: percentiles(&mut times), errors })
    }

    fn sockets(
        &self,
        server: &Server,
        workload: &Workload,
        size: usize,
        seconds: u32,
    ) -> io::Result<Seen> {
        let this: PathBuf = env::current_exe()?;
        let mut command = self.pinned(this, seconds);
        command.args(["ask", &server.address.to_string(), &seconds.to_string()]);
        command.args([&workload.connections.to_string(), &size.to_string()]);
        let text = output(&mut command)?;
        let [count, seconds, p50, p99, p999, errors] = numbers_of(&text)[..] else {
            return Err(io::Error::other(format!("the WebSockets' client says\n{text}")));
        };
        Ok(Seen { count, seconds, times: [p50, p99, p999], errors })
    }
}

fn output(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let more = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{command:?} ended with {}:\n{text}{more}", output.status)))
}

fn numbers_of(text: &str) -> Vec<f64> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// The 50th, the 99th, and the 99.9th.
pub fn percentiles(times: &mut [f64]) -> [f64; 3] {
    times.sort_unstable_by(f64::total_cmp);
    [500, 990, 999].map(|share| {
        let at = (times.len() * share / 1000).min(times.len().saturating_sub(1));
        times.get(at).copied().unwrap_or(f64::NAN)
    })
}

/// Whether a program can be started, or which package has it.
pub fn lacks(workload: &Workload) -> Option<String> {
    let (program, package) = match (workload.kind, workload.speaks) {
        (Kind::Requests { .. }, Speaks::Http1 | Speaks::Http1Tls) => ("wrk", "wrk"),
        (Kind::Requests { .. }, _) => ("h2load", "nghttp2-client"),
        _ => return None,
    };
    let found = Command::new(program).arg("--version").output().is_ok();
    (!found).then(|| format!("{program} is not installed: apt-get install {package}"))
}
