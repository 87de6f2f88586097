//! Requests per second: chapter 3's pool, chapter 2's server on Ebb, and hyper on Ebb and on Tokio.
//!
//! Each server is a process of its own, and so is the client: this one, with a task on Tokio for each connection, which
//! asks for a small page again as soon as it has got it. All connections are kept. The servers take turns, and each
//! number is the median of the rounds. How many requests that are in a second depends on who else wants the processor;
//! the processor time that the server takes for each depends on that much less.
//!
//! The pool needs a word. A worker serves a connection until it is closed, so a pool keeps as many clients as it has
//! workers, and the others wait. It gets a worker for each connection here, up to 256. With 5,000 connections its
//! number says how fast 256 clients are served while the rest get nothing; the lines below the table say how many got anything.
//! And its threads have all the machine's cores to themselves, where the others have one thread each.
//!
//! ```text
//! cargo run --release -p reactor --example http_peers
//! cargo run -p reactor --example http_peers -- --small
//! ```

use std::cell::Cell;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cpu_time::ProcessTime;
use event_loop::descriptors::raise_limit;
use event_loop::server::listen;
use event_loop::{Pace, Service};
use reactor::TcpListener;
use threads::pool::Pool;
use timeline::Plot;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};
use wsgi::{App, Config, WallClock, crab_app};

mod on_tokio;

/// Descriptors for other things than connections.
const SPARE: u64 = 64;
/// The largest pool.
const WORKERS: usize = 256;
const WAYS: [&str; 4] = ["pool", "Ebb", "hyper on Ebb", "hyper on Tokio"];
const REQUEST: &[u8] = b"GET /crabs/hermit HTTP/1.1\r\nHost: crabsarecool.com\r\n\r\n";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => measure([1, 100, 5_000], 5, Duration::from_millis(300)),
        ["--small"] => measure([1, 5, 20], 1, Duration::from_millis(20)),
        ["--serve", way, connections] => {
            let connections = connections.parse().map_err(io::Error::other)?;
            raise_limit(connections as u64 + SPARE);
            serve(way, connections)
        }
        _ => Err(io::Error::other("expected nothing, or --small")),
    }
}

/// The tables, and the picture.
fn measure(wanted: [usize; 3], rounds: usize, window: Duration) -> io::Result<()> {
    let limit = raise_limit(wanted[2] as u64 + SPARE);
    println!("{limit}");
    let mut results = Vec::new();
    for connections in wanted.map(|count| limit.fits(count, SPARE)) {
        results.push((connections, race(connections, rounds, window)?));
    }
    println!("requests a second, median of {rounds} rounds");
    table(&results, |sample| sample.rate, 0);
    println!("processor time of the server for each, in microseconds");
    table(&results, |sample| sample.cost, 1);
    for (connections, samples) in &results {
        let served = samples[0].iter().map(|sample| sample.served).min().unwrap_or_default();
        println!("the pool served {served} of {connections} connections");
    }
    let plot = Plot::new(
        "What a request costs",
        "connections",
        "processor time a request, in microseconds",
    )
    .note("A small page again and again, on connections that are kept. The pool has 256 workers at most.")
    .log_x();
    let series = WAYS.iter().enumerate();
    series
        .fold(plot, |plot, (way, name)| {
            let point = |(connections, samples): &(usize, Samples)| {
                (*connections as f64, median(&samples[way], |sample| sample.cost))
            };
            plot.series(*name, &results.iter().map(point).collect::<Vec<_>>())
        })
        .save("http-peers")
}

/// What the client saw of a server in one round.
struct Sample {
    /// Requests per second.
    rate: f64,
    /// Microseconds of processor time that the server took for each.
    cost: f64,
    /// Connections on which anything was answered.
    served: usize,
}

/// For each server, the samples of its rounds.
type Samples = [Vec<Sample>; 4];

// ANCHOR: race
/// All servers with so many connections, taking turns.
fn race(connections: usize, rounds: usize, window: Duration) -> io::Result<Samples> {
    let mut servers = Vec::new();
    for way in WAYS {
        servers.push(Server::start(way, connections)?);
    }
    let mut samples = WAYS.map(|_| Vec::new());
    for round in 0..rounds {
        for turn in 0..WAYS.len() {
            let next = (round + turn) % WAYS.len();
            samples[next].push(ask(&mut servers[next], connections, window)?);
        }
    }
    Ok(samples)
}
// ANCHOR_END: race

fn median(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn table(results: &[(usize, Samples)], of: fn(&Sample) -> f64, places: usize) {
    print!("connections");
    for name in WAYS {
        print!("  {name:>5}");
    }
    println!();
    for (connections, samples) in results {
        print!("{connections:>11}");
        for (samples, name) in samples.iter().zip(WAYS) {
            print!("  {:>width$.places$}", median(samples, of), width = name.len().max(5));
        }
        println!();
    }
}

/// Lets so many clients ask for the length of `window`.
#[tokio::main(flavor = "current_thread")]
async fn ask(server: &mut Server, count: usize, window: Duration) -> io::Result<Sample> {
    let tally = Rc::new(Tally::default());
    let clients = LocalSet::new();
    clients
        .run_until(async {
            let mut streams = Vec::new();
            for _ in 0..count {
                streams.push(TcpStream::connect(server.address).await?);
            }
            for stream in streams {
                let tally = Rc::clone(&tally);
                spawn_local(async move {
                    // A connection that ends is not counted any more.
                    let _ = keep_asking(stream, &tally).await;
                });
            }
            // Everybody has had an answer, or whoever has not will not have one.
            let (mut so_far, mut last) = (0, Instant::now());
            while so_far < count && last.elapsed() < 2 * window {
                sleep(window / 20).await;
                if tally.served.get() > so_far {
                    (so_far, last) = (tally.served.get(), Instant::now());
                }
            }
            let (start, before) = (Instant::now(), tally.answers.get());
            let used = server.time()?;
            sleep(window).await;
            let used = server.time()? - used;
            let answers = (tally.answers.get() - before) as f64;
            Ok(Sample {
                rate: answers / start.elapsed().as_secs_f64(),
                cost: used as f64 / answers.max(1.0),
                served: tally.served.get(),
            })
        })
        .await
}

#[derive(Default)]
struct Tally {
    answers: Cell<u64>,
    served: Cell<usize>,
}

// ANCHOR: client
/// Asks, reads the answer, and asks again.
async fn keep_asking(mut stream: TcpStream, tally: &Tally) -> io::Result<()> {
    // A reset in the end, so that no thousands of ports stay in TIME_WAIT.
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    let mut buffer = [0; 2048];
    let (mut length, mut served) = (None, false);
    loop {
        stream.write_all(REQUEST).await?;
        let mut read = 0;
        while length.is_none_or(|length| read < length) {
            match stream.read(&mut buffer[read..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => read += count,
            }
            // All the answers of one server have the same length.
            length = length.or_else(|| length_of(&buffer[..read]));
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200 OK"), "the server is not well");
        tally.answers.set(tally.answers.get() + 1);
        if !std::mem::replace(&mut served, true) {
            tally.served.set(tally.served.get() + 1);
        }
    }
}
// ANCHOR_END: client

/// The length of a response, head and body, if its head is whole.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let text = str::from_utf8(bytes).ok()?;
    let (head, _) = text.split_once("\r\n\r\n")?;
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    })?;
    Some(head.len() + 4 + value.parse::<usize>().ok()?)
}

/// A server in a process of its own, until this is dropped.
struct Server {
    process: Child,
    says: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    fn start(way: &str, connections: usize) -> io::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["--serve", way, &connections.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut says = BufReader::new(process.stdout.take().expect("the output is piped"));
        let mut address = String::new();
        says.read_line(&mut address)?;
        let address = address.trim_end().parse().map_err(io::Error::other)?;
        Ok(Self { process, says, address })
    }

    /// Microseconds of processor time that it has taken so far.
    fn time(&mut self) -> io::Result<u64> {
        self.process.stdin.as_mut().expect("the input is piped").write_all(b"time?\n")?;
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        line.trim_end().parse().map_err(io::Error::other)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Says how much processor time this process has taken, whenever the other one asks, and ends when that closes its input.
fn answer_the_other_process() {
    thread::spawn(|| {
        for _ in io::stdin().lines().map_while(Result::ok) {
            println!("{}", ProcessTime::now().as_duration().as_micros());
        }
        std::process::exit(0);
    });
}

// ANCHOR: servers
fn serve(way: &str, connections: usize) -> io::Result<()> {
    let listener = listen(([127, 0, 0, 1], 0).into())?;
    println!("{}", listener.local_addr()?);
    answer_the_other_process();
    let config = Config {
        requests: usize::MAX,
        idle: Duration::from_mins(10),
        head: Duration::from_mins(10),
        ..Config::default()
    };
    if way == "pool" {
        let app: Arc<dyn App> = Arc::new(crab_app(Arc::new(WallClock::new())));
        let pool = Pool::new(connections.min(WORKERS), connections)?;
        threads::pooled::serve(&listener, &app, &config, &pool);
        return Ok(());
    }
    let pace = Arc::new(Pace::new());
    let service = Rc::new(Service::new(crab_app(pace.clone()), pace, config));
    if way == "hyper on Tokio" {
        return on_tokio::serve(listener, &service);
    }
    reactor::new()?.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        match way {
            "Ebb" => reactor::server::serve(&listener, service).await,
            _ => reactor::hyper::serve(&listener, service).await,
        }
        Ok(())
    })
}
// ANCHOR_END: servers
