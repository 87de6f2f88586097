//! What a watcher of the tide costs: a thread, or an entry in the loop's table.
//!
//! ```text
//! cargo run -p event-loop --example memory
//! cargo run -p event-loop --example memory -- 10 100
//! ```

use std::env;
use std::io;
use std::sync::Arc;

use crowd::memory::{end_with_input, of_watched};
use event_loop::descriptors::raise_limit;
use event_loop::server::{Server, listen};
use event_loop::{EventLoop, Pace, Service};
use threads::per_connection;
use timeline::Plot;
use wsgi::{Config, WallClock, crab_app};

/// Descriptors for other things than connections.
const SPARE: u64 = 32;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, way, descriptors] = arguments.as_slice()
        && flag == "--serve"
    {
        raise_limit(descriptors.parse().map_err(io::Error::other)?);
        return if way == "loop" { serve_in_a_loop() } else { serve_in_threads() };
    }
    let mut sizes = Vec::new();
    for argument in &arguments {
        sizes.push(argument.parse().map_err(io::Error::other)?);
    }
    measure(if sizes.is_empty() { vec![10, 1_000, 2_500, 5_000, 10_000] } else { sizes })
}

// ANCHOR: measure
/// For each number of watchers: what a server with threads has in memory, and what one with a loop has.
fn measure(wanted: Vec<usize>) -> io::Result<()> {
    let most = wanted.iter().copied().max().unwrap_or_default() as u64;
    let limit = raise_limit(most + SPARE);
    println!("{limit}");
    println!("watchers  threads, MiB  loop, MiB");
    let (mut threads, mut event_loop) = (Vec::new(), Vec::new());
    for count in wanted.into_iter().map(|count| limit.fits(count, SPARE)) {
        let by_threads = memory_of("threads", count)?;
        let by_loop = memory_of("loop", count)?;
        println!("{count:>8}  {by_threads:>12.1}  {by_loop:>9.1}");
        threads.push((count as f64, by_threads));
        event_loop.push((count as f64, by_loop));
    }
    // ANCHOR_END: measure
    for (way, points) in [("thread", &threads), ("loop", &event_loop)] {
        if let [(few, little), .., (many, much)] = points[..] {
            // A few watchers cost less than the measure wavers.
            let each = ((much - little) * 1024.0 / (many - few)).max(0.0);
            println!("{way}: {each:.1} KiB for each watcher");
        }
    }
    Plot::new("What a watcher costs", "watchers of the tide", "resident memory in MiB")
        .note("Memory of the server's process, which serves crab_app's feed to so many watchers.")
        .series("a thread each", &threads)
        .series("one loop", &event_loop)
        .save("memory")
    // ANCHOR: measure
}
// ANCHOR_END: measure

/// Mebibytes that a server of its own process keeps resident while so many watch the tide.
fn memory_of(way: &str, count: usize) -> io::Result<f64> {
    of_watched(&["--serve", way, &(count as u64 + SPARE).to_string()], count)
}

// ANCHOR: servers
fn serve_in_threads() -> io::Result<()> {
    let listener = listen(([127, 0, 0, 1], 0).into())?;
    println!("{}", listener.local_addr()?);
    end_with_input();
    let app = crab_app(Arc::new(WallClock::new()));
    per_connection::serve(&listener, &app, &Config::default());
    Ok(())
}

fn serve_in_a_loop() -> io::Result<()> {
    let listener = listen(([127, 0, 0, 1], 0).into())?;
    println!("{}", listener.local_addr()?);
    end_with_input();
    let pace = Arc::new(Pace::new());
    let service = Service::new(crab_app(pace.clone()), pace, Config::default());
    let mut event_loop = EventLoop::new()?;
    Server::start(&mut event_loop, listener, service)?;
    event_loop.run()
}
// ANCHOR_END: servers
