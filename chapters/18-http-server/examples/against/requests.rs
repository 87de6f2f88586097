//! Requests a second, and processor time for each, by wrk.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::{Server, median};
use crate::servers::WAYS;

/// What is asked for: a name, and the path.
const WORKLOADS: [(&str, &str); 4] = [
    ("14 bytes", "/"),
    ("10 KiB", "/page"),
    ("1 MiB in 64 parts", "/stream"),
    ("upload of 1 MiB", "/upload"),
];

/// What wrk does for an upload.
const UPLOAD: &str = "wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", 1048576)\n";

#[derive(Clone, Copy)]
struct Sample {
    rate: f64,
    cost: f64,
}

/// For each server, a sample of each round.
type Samples = [Vec<Sample>; WAYS.len()];

/// So many rounds of so many seconds, with so many connections.
pub fn measure(rounds: usize, seconds: u64, connections: usize) -> io::Result<()> {
    let script = tempfile::Builder::new().suffix(".lua").tempfile()?;
    fs::write(&script, UPLOAD)?;
    let bounds = Duration::from_secs(600);
    let mut servers = Vec::new();
    for way in WAYS {
        servers.push(Server::start(way, Some("0"), 1_024, bounds)?);
    }
    let mut results = Vec::new();
    for (_, path) in WORKLOADS {
        let mut samples: Samples = WAYS.map(|_| Vec::new());
        for round in 0..rounds {
            for turn in 0..WAYS.len() {
                let next = (round + turn) % WAYS.len();
                let server = &mut servers[next];
                let before = server.time()?;
                let (count, rate) = wrk(server.address, path, seconds, connections, script.path())?;
                let used = server.time()? - before;
                samples[next].push(Sample { rate, cost: used as f64 / count });
            }
        }
        results.push(samples);
    }
    println!("requests a second, {connections} connections, median of {rounds} rounds");
    table(&results, |sample| sample.rate, 0);
    println!("processor time of the server for each, in microseconds");
    table(&results, |sample| sample.cost, 2);
    Ok(())
}

fn table(results: &[Samples], of: fn(&Sample) -> f64, places: usize) {
    let [first, second, ours] = WAYS;
    println!("{:>17}  {first:>8}  {second:>8}  {ours:>8}  of {first}  of {second}", "");
    for ((name, _), samples) in WORKLOADS.iter().zip(results) {
        print!("{name:>17}");
        for samples in samples {
            print!("  {:>8.places$}", median(samples.iter().map(of)));
        }
        for other in 0..2 {
            // Within a round the machine was the same for all.
            let pairs = samples[2].iter().zip(&samples[other]);
            let ratio = median(pairs.map(|(ours, theirs)| of(ours) / of(theirs)));
            print!("  {ratio:>width$.2}", width = WAYS[other].len() + 3);
        }
        println!();
    }
}

/// How many requests there were, and how many a second.
fn wrk(
    address: SocketAddr,
    path: &str,
    seconds: u64,
    connections: usize,
    script: &Path,
) -> io::Result<(f64, f64)> {
    let mut command = Command::new("taskset");
    command.args(["-c", "1", "wrk", "--threads", "1", "--timeout", "10s"]);
    command.args(["--connections", &connections.to_string()]);
    command.args(["--duration", &format!("{seconds}s")]);
    if path == "/upload" {
        command.arg("--script").arg(script);
    }
    let output = command.arg(format!("http://{address}{path}")).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(io::Error::other(format!("wrk on {path}:\n{text}")));
    }
    let number = |line: &str, word: usize| line.split_whitespace().nth(word)?.parse().ok();
    let count = text.lines().find(|line| line.contains(" requests in "));
    let rate = text.lines().find(|line| line.starts_with("Requests/sec:"));
    count
        .and_then(|line| number(line, 0))
        .zip(rate.and_then(|line| number(line, 1)))
        .ok_or_else(|| io::Error::other(format!("wrk says:\n{text}")))
}
