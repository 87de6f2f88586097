//! What a watcher of the tide costs a server: a thread, an entry in chapter 4's table, or a task.
//!
//! Each number comes from a fresh server in a process of its own; the watchers are in this one.
//! The servers: chapter 3's with a thread for each connection, chapter 4's with callbacks, this chapter's on Ebb,
//! and hyper with the same application on Ebb and on Tokio's current-thread runtime.
//!
//! ```text
//! cargo run -p reactor --example memory_ebb
//! cargo run -p reactor --example memory_ebb -- 10 100
//! ```

use std::env;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use crowd::memory::{end_with_input, of_watched};
use event_loop::descriptors::raise_limit;
use event_loop::server::{Server, listen};
use event_loop::{EventLoop, Pace, Service};
use reactor::TcpListener;
use threads::per_connection;
use timeline::Plot;
use wsgi::{Config, WallClock, crab_app};

mod on_tokio;

/// Descriptors for other things than connections.
const SPARE: u64 = 32;

/// The servers: what they are called on the command line, in the table, and in the picture, if they are in it.
///
/// A picture has four kinds of lines, and the two with hyper would lie on each other.
const WAYS: [(&str, &str, Option<&str>); 5] = [
    ("threads", "threads", Some("a thread each")),
    ("loop", "callbacks", Some("callbacks")),
    ("ebb", "Ebb", Some("Ebb")),
    ("ebb-hyper", "hyper on Ebb", Some("hyper on Ebb")),
    ("tokio-hyper", "hyper on Tokio", None),
];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, way, descriptors] = arguments.as_slice()
        && flag == "--serve"
    {
        raise_limit(descriptors.parse().map_err(io::Error::other)?);
        return serve(way);
    }
    let mut sizes = Vec::new();
    for argument in &arguments {
        sizes.push(argument.parse().map_err(io::Error::other)?);
    }
    measure(if sizes.is_empty() { vec![10, 1_000, 2_500, 5_000, 10_000] } else { sizes })
}

/// For each number of watchers: what each server has in memory.
fn measure(wanted: Vec<usize>) -> io::Result<()> {
    let most = wanted.iter().copied().max().unwrap_or_default() as u64;
    let limit = raise_limit(most + SPARE);
    println!("{limit}");
    println!("resident memory of the server, in MiB");
    print!("watchers");
    for (_, name, _) in WAYS {
        print!("  {name:>width$}", width = width(name));
    }
    println!();
    let mut points = WAYS.map(|_| Vec::new());
    for count in wanted.into_iter().map(|count| limit.fits(count, SPARE)) {
        print!("{count:>8}");
        for ((way, name, _), points) in WAYS.iter().zip(&mut points) {
            let memory = memory_of(way, count)?;
            print!("  {memory:>width$.1}", width = width(name));
            points.push((count as f64, memory));
        }
        println!();
    }
    print!("KiB each");
    for ((_, name, _), points) in WAYS.iter().zip(&points) {
        // A few watchers cost less than the measure wavers.
        let each = match points[..] {
            [(few, little), .., (many, much)] => ((much - little) * 1024.0 / (many - few)).max(0.0),
            _ => 0.0,
        };
        print!("  {each:>width$.1}", width = width(name));
    }
    println!();
    // A thread costs so much more that on an even scale the others would be one line beside it.
    let plot = Plot::new("What a task costs", "watchers of the tide", "resident memory in MiB")
        .note("Memory of the server's process, which serves crab_app's feed to so many watchers.")
        .log_y();
    let servers = WAYS.iter().zip(&points);
    servers
        .filter_map(|((_, _, name), points)| name.map(|name| (name, points)))
        .fold(plot, |plot, (name, points)| plot.series(name, points))
        .save("memory-ebb")
}

/// Of a server's column: its name, or five digits.
fn width(name: &str) -> usize {
    name.len().max(5)
}

/// Mebibytes that a server of its own process keeps resident while so many watch the tide.
fn memory_of(way: &str, count: usize) -> io::Result<f64> {
    of_watched(&["--serve", way, &(count as u64 + SPARE).to_string()], count)
}

// ANCHOR: servers
fn serve(way: &str) -> io::Result<()> {
    let listener = listen(([127, 0, 0, 1], 0).into())?;
    println!("{}", listener.local_addr()?);
    end_with_input();
    if way == "threads" {
        let app = crab_app(Arc::new(WallClock::new()));
        per_connection::serve(&listener, &app, &Config::default());
        return Ok(());
    }
    let pace = Arc::new(Pace::new());
    let service = Service::new(crab_app(pace.clone()), pace, Config::default());
    if way == "loop" {
        let mut event_loop = EventLoop::new()?;
        Server::start(&mut event_loop, listener, service)?;
        return event_loop.run();
    }
    let service = Rc::new(service);
    if way == "tokio-hyper" {
        return on_tokio::serve(listener, &service);
    }
    reactor::new()?.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        match way {
            "ebb" => reactor::server::serve(&listener, service).await,
            _ => reactor::hyper::serve(&listener, service).await,
        }
        Ok(())
    })
}
// ANCHOR_END: servers
