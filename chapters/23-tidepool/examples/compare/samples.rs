//! The file of what was measured: a head that says where and with what, and a line for each sample.
//!
//! Each sample is written as soon as it is there. A run that is broken off keeps what it has, and another one can go on with it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use crate::peers::versions;

const COLUMNS: &str = "workload,server,round,seconds,per second,p50 µs,p99 µs,p99.9 µs,processor µs,resident KiB,errors";

/// What one look at one server has given. What was not looked at is not a number.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Answers a second.
    pub rate: f64,
    /// In microseconds: half of the answers took no longer, 99 %, 99.9 %.
    pub times: [f64; 3],
    /// Processor time of the server for each, in microseconds.
    pub cost: f64,
    /// Memory of the server in KiB; for each connection where they are idle.
    pub resident: f64,
    pub errors: f64,
}

/// A sample, and what it is of.
#[derive(Debug, Clone)]
pub struct Row {
    pub workload: String,
    pub server: String,
    pub round: u32,
    pub sample: Sample,
}

/// The file.
pub struct Samples {
    /// Lines about the whole.
    pub head: Vec<String>,
    pub rows: Vec<Row>,
}

impl Samples {
    /// Reads a file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let explain = |why: String| io::Error::other(format!("{}: {why}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| explain(error.to_string()))?;
        let mut head = Vec::new();
        let mut rows = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if let Some(line) = line.strip_prefix("# ") {
                head.push(line.to_owned());
            } else if line != COLUMNS {
                let row = row(line);
                rows.push(row.ok_or_else(|| explain(format!("line {}: {line}", index + 1)))?);
            }
        }
        Ok(Self { head, rows })
    }

    /// Which are there already.
    pub fn done(&self) -> BTreeSet<(String, String, u32)> {
        let of = |row: &Row| (row.workload.clone(), row.server.clone(), row.round);
        self.rows.iter().map(of).collect()
    }
}

fn row(line: &str) -> Option<Row> {
    let fields: Vec<&str> = line.split(',').collect();
    let [workload, server, round, _, rate, p50, p99, p999, cost, resident, errors] = fields[..]
    else {
        return None;
    };
    let number = |text: &str| if text.is_empty() { Some(f64::NAN) } else { text.parse().ok() };
    let sample = Sample {
        rate: number(rate)?,
        times: [number(p50)?, number(p99)?, number(p999)?],
        cost: number(cost)?,
        resident: number(resident)?,
        errors: errors.parse().ok()?,
    };
    let (workload, server) = (workload.to_owned(), server.to_owned());
    Some(Row { workload, server, round: round.parse().ok()?, sample })
}

/// Writes to the file.
pub struct Writer(File);

impl Writer {
    /// Begins a file, with its head.
    pub fn begin(path: &Path, peers: &Path, more: Option<String>) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(path)?;
        for line in head(peers)?.into_iter().chain(more) {
            writeln!(file, "# {line}")?;
        }
        writeln!(file, "{COLUMNS}")?;
        Ok(Self(file))
    }

    /// Goes on with one.
    pub fn go_on(path: &Path) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().append(true).open(path)?))
    }

    pub fn write(
        &mut self,
        workload: &str,
        server: &str,
        round: u32,
        seconds: u32,
        sample: &Sample,
    ) -> io::Result<()> {
        let number = |value: f64, places: usize| {
            if value.is_finite() { format!("{value:.places$}") } else { String::new() }
        };
        let [p50, p99, p999] = sample.times.map(|time| number(time, 0));
        let (rate, cost) = (number(sample.rate, 1), number(sample.cost, 3));
        let (resident, errors) = (number(sample.resident, 2), sample.errors);
        writeln!(
            self.0,
            "{workload},{server},{round},{seconds},{rate},{p50},{p99},{p999},{cost},{resident},{errors}"
        )
    }
}

/// Where this is, and what takes part.
fn head(peers: &Path) -> io::Result<Vec<String>> {
    let first = |path: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.split_whitespace().next().unwrap_or("?").to_owned()
    };
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("a processor of an unknown kind", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let date = Command::new("date").args(["-u", "+%Y-%m-%d"]).output()?;
    let build = if cfg!(debug_assertions) {
        "without optimization: these figures say nothing"
    } else {
        "with --release"
    };
    let mut head = vec![
        format!(
            "measured on {processor}, {cores} cores, Linux {}, on {}",
            first("/proc/sys/kernel/osrelease"),
            String::from_utf8_lossy(&date.stdout).trim()
        ),
        format!("load of the machine when it began: {}", first("/proc/loadavg")),
        format!("built {build}"),
    ];
    head.extend(versions(peers)?);
    Ok(head)
}
