//! Ten thousand connections, three times over: they come, are used, and leave, half of them by a reset.
//!
//! The server is this process, the clients are another one. After each round the server must be as it was at the start:
//! no task, no timer, no socket and no descriptor more, and not more memory after the third round than after the second.
//! (After the first there is more than at the start: an allocator keeps what it had to fetch.)
//! It fails where something is left.
//!
//! ```text
//! cargo run -p reactor --example soak
//! cargo run -p reactor --example soak -- 200
//! ```

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crowd::memory::resident;
use event_loop::descriptors::raise_limit;
use event_loop::{Pace, Service};
use reactor::server::serve;
use reactor::{Ebb, Reactor, TcpListener, now, sleep};
use wsgi::{Config, crab_app};

/// Descriptors for other things than connections.
const SPARE: u64 = 32;
const ROUNDS: u64 = 3;
/// How long a round's clients may take to come, and their traces to vanish.
const PATIENCE: Duration = Duration::from_mins(1);

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(soak(10_000)?),
        [count] => Ok(soak(count.parse()?)?),
        ["--clients", count, server, seed] => {
            visit(count.parse()?, server.parse()?, seed.parse()?)?;
            Ok(ExitCode::SUCCESS)
        }
        _ => Err("expected nothing, or a number of connections".into()),
    }
}

// ANCHOR: count
/// What a server could leave behind.
#[derive(Clone, Copy, PartialEq)]
struct Count {
    tasks: usize,
    timers: usize,
    sockets: usize,
    descriptors: usize,
}

impl Count {
    fn of(ebb: &mut Ebb) -> io::Result<Self> {
        let sockets = ebb.block_on(async { Reactor::sources() });
        let descriptors = fs::read_dir("/dev/fd")?.count();
        Ok(Self { tasks: ebb.tasks(), timers: ebb.timers(), sockets, descriptors })
    }
}
// ANCHOR_END: count

// ANCHOR: soak
fn soak(wanted: usize) -> io::Result<ExitCode> {
    // ANCHOR_END: soak
    let limit = raise_limit(wanted as u64 + SPARE);
    println!("{limit}");
    let connections = limit.fits(wanted, SPARE);
    // ANCHOR: soak
    let mut ebb = reactor::new()?;
    let address = ebb.block_on(async { start() })?;
    let start = Count::of(&mut ebb)?;
    println!("                 tasks  timers  sockets  descriptors  resident MiB");
    row("at the start", &start)?;
    let mut memory = Vec::new();
    for round in 1..=ROUNDS {
        let mut clients = Clients::send(connections, address, round)?;
        let busy = settle(&mut ebb, |count| {
            clients.are_here()
                && (count.sockets, count.timers) == (start.sockets + connections, connections)
        })?;
        row(&format!("in round {round}"), &busy)?;
        if !clients.are_here() || busy.sockets != start.sockets + connections {
            println!("not everybody is served");
            clients.process.kill()?;
            return Ok(ExitCode::FAILURE);
        }
        clients.leave()?;
        let left = settle(&mut ebb, |count| *count == start)?;
        memory.push(row(&format!("after round {round}"), &left)?);
        if left != start {
            println!("something is left of round {round}");
            return Ok(ExitCode::FAILURE);
        }
    }
    // ANCHOR_END: soak
    // Measures of memory waver by some pages.
    if memory[2] > memory[1] * 1.05 + 0.5 {
        println!("the memory grows");
        return Ok(ExitCode::FAILURE);
    }
    println!("nothing is left");
    // ANCHOR: soak
    Ok(ExitCode::SUCCESS)
}

/// Has a server run in the background.
fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    let pace = Arc::new(Pace::new());
    // ANCHOR_END: soak
    // Who is idle stays until it leaves.
    let config = Config { idle: PATIENCE, head: PATIENCE, ..Config::default() };
    // ANCHOR: soak
    let service = Rc::new(Service::new(crab_app(pace.clone()), pace, config));
    drop(reactor::spawn(async move { serve(&listener, service).await }));
    Ok(address)
}
// ANCHOR_END: soak

/// Lets the executor run until the counts are as they are to be, or patience is over.
fn settle(ebb: &mut Ebb, is_settled: impl Fn(&Count) -> bool) -> io::Result<Count> {
    let until = ebb.block_on(async { now() }) + PATIENCE;
    loop {
        let count = Count::of(ebb)?;
        if is_settled(&count) || ebb.block_on(async { now() }) > until {
            return Ok(count);
        }
        ebb.block_on(sleep(Duration::from_millis(10)));
    }
}

/// Prints a line of the table, and returns the resident memory in it.
fn row(when: &str, count: &Count) -> io::Result<f64> {
    let Count { tasks, timers, sockets, descriptors } = count;
    let memory = resident(std::process::id())?;
    println!(
        "{when:<15}  {tasks:>5}  {timers:>6}  {sockets:>7}  {descriptors:>11}  {memory:>12.1}"
    );
    Ok(memory)
}

/// The other process.
struct Clients {
    process: Child,
    are_here: Arc<AtomicBool>,
}

impl Clients {
    fn send(count: usize, server: SocketAddr, seed: u64) -> io::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["--clients", &count.to_string(), &server.to_string(), &seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let are_here = Arc::new(AtomicBool::new(false));
        let (output, tell) = (process.stdout.take(), Arc::clone(&are_here));
        let mut output = BufReader::new(output.expect("the output is piped"));
        thread::spawn(move || {
            let _ = output.read_line(&mut String::new());
            tell.store(true, Ordering::Release);
        });
        Ok(Self { process, are_here })
    }

    fn are_here(&self) -> bool {
        self.are_here.load(Ordering::Acquire)
    }

    /// Lets them go. The server need not do anything for that.
    fn leave(&mut self) -> io::Result<()> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("clients: {status}"))) }
    }
}

// ANCHOR: visit
/// Clients of four kinds: one has read a page, one watches the tide, one is half way through its request, one is silent.
fn visit(count: usize, server: SocketAddr, seed: u64) -> io::Result<()> {
    // ANCHOR_END: visit
    raise_limit(count as u64 + SPARE);
    // ANCHOR: visit
    let mut random = Random(seed);
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = TcpStream::connect(server)?;
        client.set_read_timeout(Some(PATIENCE))?;
        let (says, until) = [
            ("GET /crabs/hermit HTTP/1.1\r\nHost: c\r\n\r\n", "larger one"),
            ("GET /feed HTTP/1.1\r\nHost: c\r\n\r\n", "rising"),
            ("GET /crabs/her", ""),
            ("", ""),
        ][random.below(4)];
        client.write_all(says.as_bytes())?;
        clients.push((client, until));
    }
    for (client, until) in &mut clients {
        read_until(client, until)?;
    }
    println!("here");
    io::stdin().read_to_end(&mut Vec::new())?;
    for (client, _) in clients {
        if random.below(2) == 0 {
            // A close without lingering is a reset.
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
        }
    }
    Ok(())
}
// ANCHOR_END: visit

fn read_until(client: &mut TcpStream, end: &str) -> io::Result<()> {
    let mut seen = Vec::new();
    while !seen.windows(end.len().max(1)).any(|part| part == end.as_bytes()) && !end.is_empty() {
        let mut buffer = [0; 1024];
        match client.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => seen.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(())
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).expect("it is below `limit`")
    }
}
