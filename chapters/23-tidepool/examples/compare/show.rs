//! What was measured, as tables and as pictures.

use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use timeline::Plot;

use crate::peers::Peer;
use crate::samples::{Sample, Samples};
use crate::workloads::{Group, Kind, WORKLOADS, Workload};

/// What is shown.
#[derive(Debug, Args)]
pub struct Showing {
    /// The file that was measured
    file: PathBuf,
    /// Only these parts of it
    #[arg(value_enum)]
    groups: Vec<Group>,
}

impl Showing {
    /// Prints the tables, and draws the pictures where there is something to draw.
    pub fn run(self) -> io::Result<()> {
        let samples = Samples::read(&self.file)?;
        print(&samples, &self.groups);
        if self.groups.is_empty() || self.groups.contains(&Group::Http1) {
            draw(&samples)?;
        }
        Ok(())
    }
}

/// The tables of these groups, or of all.
pub fn print(samples: &Samples, groups: &[Group]) {
    let shows = |group| groups.is_empty() || groups.contains(&group);
    if shows(Group::Machine) {
        for line in &samples.head {
            println!("{line}");
        }
    }
    let mut errors = Vec::new();
    let mut first = !shows(Group::Machine);
    for workload in &WORKLOADS {
        if !shows(workload.group) {
            continue;
        }
        let lines = lines(samples, workload);
        let rounds = lines.iter().map(|line| line.samples.len()).max().unwrap_or(0);
        if rounds == 0 {
            continue;
        }
        if !std::mem::take(&mut first) {
            println!();
        }
        match rounds {
            1 => println!("{}", workload.title),
            _ => println!("{}, medians of {rounds} rounds", workload.title),
        }
        if workload.kind == Kind::Idle {
            println!("{:>9}  KiB each", "");
        } else {
            println!(
                "{:>9}  a second  tidepool to it  p50 ms  p99 ms  p99.9 ms  CPU µs  tidepool to it    MiB",
                ""
            );
        }
        let ours = lines.iter().find(|line| line.peer == Peer::Tidepool);
        for line in &lines {
            line.print(workload, ours);
            let sum: f64 = line.samples.iter().map(|(_, sample)| sample.errors).sum();
            if sum > 0.0 {
                errors.push(format!("{sum} of {} on {}", line.peer.name(), workload.name));
            }
        }
    }
    if first || groups == [Group::Machine] {
        return;
    }
    println!();
    if errors.is_empty() {
        println!("errors: none");
    } else {
        println!("errors: {}", errors.join(", "));
    }
}

/// A server's samples, by round.
struct Line {
    peer: Peer,
    samples: Vec<(u32, Sample)>,
}

fn lines(samples: &Samples, workload: &Workload) -> Vec<Line> {
    let of = |peer: &Peer| {
        let rows = samples.rows.iter();
        let rows = rows.filter(|row| row.workload == workload.name && row.server == peer.name());
        Line { peer: *peer, samples: rows.map(|row| (row.round, row.sample)).collect() }
    };
    Peer::value_variants().iter().map(of).filter(|line| !line.samples.is_empty()).collect()
}

impl Line {
    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(|(_, sample)| of(sample)))
    }

    /// How many times theirs ours is. Within a round the machine was the same for both.
    fn ratio(&self, ours: Option<&Self>, of: impl Fn(&Sample) -> f64) -> f64 {
        let pairs = ours.into_iter().flat_map(|ours| &ours.samples).filter_map(|(round, ours)| {
            let (_, theirs) = self.samples.iter().find(|(other, _)| other == round)?;
            Some(of(ours) / of(theirs))
        });
        median(pairs)
    }

    fn print(&self, workload: &Workload, ours: Option<&Self>) {
        let name = self.peer.name();
        let resident = self.median(|sample| sample.resident);
        if workload.kind == Kind::Idle {
            println!("{name:>9}  {resident:>8.1}");
            return;
        }
        let ratio = |of: fn(&Sample) -> f64| {
            let ratio = self.ratio(ours, of);
            if ratio.is_finite() { format!("{ratio:.2}") } else { String::from("-") }
        };
        let [p50, p99, p999] = [0, 1, 2].map(|at| self.median(|sample| sample.times[at]) / 1e3);
        println!(
            "{name:>9}  {:>8.0}  {:>14}  {p50:>6.2}  {p99:>6.2}  {p999:>8.2}  {:>6.1}  {:>14}  {:>5.0}",
            self.median(|sample| sample.rate),
            ratio(|sample| sample.rate),
            self.median(|sample| sample.cost),
            ratio(|sample| sample.cost),
            resident / 1024.0,
        );
    }
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The small page, asked for on more and more connections: how often, and how long it takes at worst.
fn draw(samples: &Samples) -> io::Result<()> {
    let asked: Vec<&Workload> =
        WORKLOADS.iter().filter(|workload| workload.name.starts_with("hello-")).collect();
    let title = |what: &str| format!("The small page over HTTP/1.1: {what}");
    let mut rates = Plot::new(title("requests a second"), "connections", "requests a second");
    let mut times =
        Plot::new(title("the slowest hundredth"), "connections", "99 % took at most, in ms");
    for peer in Peer::value_variants() {
        let mut points = [Vec::new(), Vec::new()];
        for workload in &asked {
            let lines = lines(samples, workload);
            let Some(line) = lines.iter().find(|line| line.peer == *peer) else { continue };
            let at = workload.connections as f64;
            points[0].push((at, line.median(|sample| sample.rate)));
            points[1].push((at, line.median(|sample| sample.times[1]) / 1e3));
        }
        // A line wants two points.
        if points[0].len() > 1 {
            rates = rates.series(peer.name(), &points[0]);
            times = times.series(peer.name(), &points[1]);
        }
    }
    let one = "One core for the server and one for wrk, 1 to 5,000 connections.";
    rates.log_x().note(one).save("compare-requests")?;
    times.log_x().log_y().note(one).save("compare-times")
}
