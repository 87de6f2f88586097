//! Tidepool beside its peers: hyper, h2 and axum in Rust, Granian, Uvicorn, Hypercorn and Gunicorn in Python.
//!
//! ```text
//! cargo run --release -p tidepool --example compare -- --out target/compare.csv
//! cargo run --release -p tidepool --example compare -- --out target/compare.csv --only hello,ws16 --servers tidepool,uvicorn --rounds 3 --seconds 1
//! cargo run -p tidepool --example compare -- show target/compare.csv web-sockets
//! cargo run --release -p tidepool --example compare -- soak
//! ```
//!
//! The server has one core and one worker, the load another core. Everything is on 127.0.0.1, and all servers say the same, to the byte.
//! In a round the servers take turns, each time beginning with another one, so that a moment in which the machine is busy is nobody's alone.
//!
//! It is for Linux, and needs `wrk` (HTTP/1.1), `h2load` (HTTP/2), and the servers in Python:
//!
//! ```text
//! apt-get install wrk nghttp2-client
//! python3 -m venv target/peers
//! target/peers/bin/python -m pip install --require-hashes -r chapters/23-tidepool/python/requirements.txt
//! ```
//!
//! What is missing is named, and the rest is measured.
//! The load waits for an answer before it asks again: the times are those of a server that has as much to do as it can, and no more.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

#[path = "../../../21-http2-and-tls/examples/authority/mod.rs"]
#[expect(dead_code, reason = "chapter 21 signs clients' certificates as well")]
mod authority;
#[path = "../../../20-websockets/examples/against/client.rs"]
mod client;
mod idle;
mod load;
mod ours;
mod peers;
mod process;
mod samples;
mod show;
mod soak;
mod sockets;
mod workloads;

use authority::Authority;
use load::Load;
use peers::Peer;
use process::{Server, exchange};
use samples::{Sample, Samples, Writer};
use workloads::{Group, Kind, Speaks, Workload};

/// Measures Tidepool beside its peers, or shows what was measured.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    measuring: Measuring,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Shows a file that was measured
    Show(show::Showing),
    /// Has Tidepool serve mixed traffic over every protocol, and looks whether its memory grows
    Soak(soak::Soaking),
    /// Is one of the servers
    #[command(hide = true)]
    Serve(ours::Serving),
    /// Is the load of WebSockets
    #[command(hide = true)]
    Ask(sockets::Asking),
}

#[derive(Debug, clap::Args)]
struct Measuring {
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "target/compare.csv")]
    out: PathBuf,
    /// Begin again where the file is there already
    #[arg(long, conflicts_with = "go_on")]
    anew: bool,
    /// Go on where another run has been broken off
    #[arg(long = "continue")]
    go_on: bool,
    /// Workloads, or how their names begin
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Servers; whoever is named takes part in all that it can do, and Hypercorn and Gunicorn do so only then
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    servers: Vec<Peer>,
    /// Where the servers in Python are installed
    #[arg(long, value_name = "FOLDER", default_value = "target/peers")]
    peers: PathBuf,
    /// How often each server is asked
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How often the memory of idle connections is looked at
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    idle_rounds: u32,
    /// For how many seconds each time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Another number of connections for each workload, to try it
    #[arg(long, value_name = "NUMBER")]
    connections: Option<usize>,
    /// The server's core, and the load's
    #[arg(long, value_name = "SERVER,LOAD", value_delimiter = ',', num_args = 2, default_values_t = [0, 1])]
    cores: Vec<u32>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.other {
        Some(Other::Show(showing)) => showing.run(),
        Some(Other::Soak(soaking)) => soaking.run(),
        Some(Other::Serve(serving)) => serving.run(),
        Some(Other::Ask(asking)) => asking.run(),
        None => arguments.measuring.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Measuring {
    fn run(self) -> io::Result<()> {
        event_loop::descriptors::raise_limit(20_000);
        let mut run = Run::new(self)?;
        for workload in run.workloads.clone() {
            run.measure(&workload)?;
        }
        let samples = Samples::read(&run.asked.out)?;
        show::print(&samples, &[]);
        eprintln!("{}", run.asked.out.display());
        for problem in &run.problems {
            eprintln!("{problem}");
        }
        let errors = samples.rows.iter().any(|row| row.sample.errors > 0.0);
        match (run.failed, errors) {
            (true, _) => Err(io::Error::other("not all of it could be measured")),
            (_, true) => Err(io::Error::other("there were errors: see the last line of the table")),
            _ => Ok(()),
        }
    }
}

/// What is going on.
struct Run {
    asked: Measuring,
    workloads: Vec<Workload>,
    there: Vec<(String, String, u32)>,
    writer: Writer,
    load: Load,
    tls: (PathBuf, PathBuf),
    progress: Progress,
    /// What could not be measured, and why.
    problems: Vec<String>,
    /// Whether a server that is there failed.
    failed: bool,
}

impl Run {
    fn new(asked: Measuring) -> io::Result<Self> {
        let mut workloads = workloads::named(&asked.only).map_err(io::Error::other)?;
        if let Some(connections) = asked.connections {
            for workload in &mut workloads {
                workload.connections = connections;
            }
        }
        let is_there = asked.out.exists();
        if is_there && !asked.anew && !asked.go_on {
            return Err(io::Error::other(format!(
                "{} is there already: --continue goes on with it, --anew begins again",
                asked.out.display()
            )));
        }
        let (there, writer) = if is_there && asked.go_on {
            let there = Samples::read(&asked.out)?.done();
            (there.into_iter().collect(), Writer::go_on(&asked.out)?)
        } else {
            let tried = asked.connections.map(|connections| {
                format!("tried with {connections} connections, whatever the titles say")
            });
            (Vec::new(), Writer::begin(&asked.out, &asked.peers, tried)?)
        };
        let load = Load::new(asked.cores[1])?;
        let authority = Authority::new("Comparison").map_err(io::Error::other)?;
        let signed = authority.server(&["localhost", "127.0.0.1"]).map_err(io::Error::other)?;
        let tls = signed.save(load.folder(), "server")?;
        let mut problems = Vec::new();
        for peer in asked.servers.iter().chain(<Peer as clap::ValueEnum>::value_variants()) {
            problems.extend(peer.is_missing(&asked.peers).filter(|_| asked.wants(*peer)));
        }
        problems.extend(workloads.iter().filter_map(load::lacks));
        problems.sort();
        problems.dedup();
        for problem in &problems {
            eprintln!("{problem}");
        }
        let mut progress = Progress::default();
        for workload in &workloads {
            for peer in asked.those_of(workload) {
                let done = |round: &u32| is_done(&there, workload, peer, *round);
                let rounds = (1..=asked.rounds_of(workload)).filter(|round| !done(round));
                progress.left += asked.cost(workload) * rounds.count() as f64;
            }
        }
        let failed = false;
        Ok(Self { asked, workloads, there, writer, load, tls, progress, problems, failed })
    }

    /// All rounds of a workload.
    fn measure(&mut self, workload: &Workload) -> io::Result<()> {
        let peers = self.asked.those_of(workload);
        let rounds = self.asked.rounds_of(workload);
        let is_missing = |peer: &Peer, round| !is_done(&self.there, workload, *peer, round);
        let open = |peer: &Peer| (1..=rounds).any(|round| is_missing(peer, round));
        let open: Vec<Peer> = peers.into_iter().filter(open).collect();
        let mut servers = match workload.kind {
            Kind::Idle => Vec::new(),
            _ => self.start(workload, &open)?,
        };
        for round in 1..=rounds {
            for turn in 0..open.len() {
                let peer = open[(turn + round as usize) % open.len()];
                if is_done(&self.there, workload, peer, round) {
                    continue;
                }
                let sample = if workload.kind == Kind::Idle {
                    // Memory that was once used is not always given back: a new server each time.
                    let mut started = self.start(workload, &[peer])?;
                    started
                        .pop()
                        .map(|server| idle::weigh(&server, workload, self.asked.seconds + 1))
                } else {
                    let server = servers.iter().find(|server| server.peer == peer);
                    server.map(|server| {
                        self.load.put(server, workload, self.asked.seconds_of(workload))
                    })
                };
                self.progress.went(self.asked.cost(workload));
                match sample {
                    Some(Ok(sample)) => self.keep(workload, peer, round, &sample)?,
                    Some(Err(error)) => {
                        self.fail(workload, peer, &error);
                        servers.retain(|server| server.peer != peer);
                    }
                    None => {}
                }
            }
        }
        Ok(())
    }

    fn keep(
        &mut self,
        workload: &Workload,
        peer: Peer,
        round: u32,
        sample: &Sample,
    ) -> io::Result<()> {
        let (name, left) = (peer.name(), self.progress.says());
        let errors =
            if sample.errors > 0.0 { format!(", {} ERRORS", sample.errors) } else { String::new() };
        let figure = match workload.kind {
            Kind::Idle => format!("{:.1} KiB each", sample.resident),
            _ => format!("{:.0}/s, {:.1} µs each", sample.rate, sample.cost),
        };
        eprintln!("{left}  {} {name}, round {round}: {figure}{errors}", workload.name);
        let seconds = self.asked.seconds_of(workload);
        self.writer.write(workload.name, name, round, seconds, sample)
    }

    fn fail(&mut self, workload: &Workload, peer: Peer, error: &io::Error) {
        let problem = format!("{} on {}: {error}", peer.name(), workload.name);
        eprintln!("{problem}");
        self.problems.push(problem);
        self.failed = true;
    }

    /// Starts these servers, all at once, and looks at what they answer. A second of load makes them warm.
    fn start(&mut self, workload: &Workload, peers: &[Peer]) -> io::Result<Vec<Server>> {
        let tls = workload.speaks.is_secure().then_some(&self.tls);
        let core = self.asked.cores[0];
        let started: io::Result<Vec<Server>> =
            peers.iter().map(|peer| Server::start(*peer, &self.asked.peers, core, tls)).collect();
        let mut ready = Vec::new();
        for mut server in started? {
            match self.begin(&mut server, workload) {
                Ok(()) => ready.push(server),
                Err(error) => self.fail(workload, server.peer, &error),
            }
        }
        Ok(ready)
    }

    fn begin(&self, server: &mut Server, workload: &Workload) -> io::Result<()> {
        server.ready()?;
        if let (Kind::Requests { path, .. }, Speaks::Http1) = (workload.kind, workload.speaks) {
            let (body, expected) = exchange(path);
            server.answers(path, &body, &expected)?;
        }
        if workload.kind != Kind::Idle {
            self.load.put(server, workload, 1)?;
        }
        if workload.group == Group::Http2 {
            // The first time was for h2load to learn how much it may ask.
            self.load.put(server, workload, 1)?;
        }
        Ok(())
    }
}

impl Measuring {
    fn wants(&self, peer: Peer) -> bool {
        self.servers.is_empty() || self.servers.contains(&peer)
    }

    /// Who takes part and is there.
    fn those_of(&self, workload: &Workload) -> Vec<Peer> {
        if load::lacks(workload).is_some() {
            return Vec::new();
        }
        let peers = workload.peers(&self.servers).into_iter();
        peers.filter(|peer| peer.is_missing(&self.peers).is_none()).collect()
    }

    fn rounds_of(&self, workload: &Workload) -> u32 {
        if workload.kind == Kind::Idle { self.idle_rounds } else { self.rounds }
    }

    /// The more connections there are, the longer it takes until all are open, and wrk counts that in.
    fn seconds_of(&self, workload: &Workload) -> u32 {
        self.seconds
            + if workload.kind != Kind::Idle && workload.connections >= 5_000 { 2 } else { 0 }
    }

    /// About how many seconds a sample takes, with its share of the start.
    fn cost(&self, workload: &Workload) -> f64 {
        let seconds = f64::from(self.seconds_of(workload));
        match workload.kind {
            Kind::Idle => {
                2.0 * (f64::from(self.seconds) + 1.0) + workload.connections as f64 / 2_500.0
            }
            _ => seconds + 0.2 + 1.5 / f64::from(self.rounds),
        }
    }
}

fn is_done(there: &[(String, String, u32)], workload: &Workload, peer: Peer, round: u32) -> bool {
    there.iter().any(|(name, server, other)| {
        name == workload.name && server == peer.name() && *other == round
    })
}

/// How much is left.
#[derive(Default)]
struct Progress {
    left: f64,
}

impl Progress {
    fn went(&mut self, estimate: f64) {
        self.left = (self.left - estimate).max(0.0);
    }

    fn says(&self) -> String {
        let left = Duration::from_secs_f64(self.left).as_secs();
        format!("{:>2}:{:02} left", left / 60, left % 60)
    }
}
