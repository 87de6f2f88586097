//! What waiting threads cost: starts ten thousand, each in the middle of a conversation with a client who says nothing.
//!
//! Run with `cargo run -p threads --example ten_thousand`. An argument is another number of threads.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use timeline::Plot;
use wsgi::{App, Config, Transport};

// ANCHOR: silent
/// A connection to a client who says nothing until the end.
struct Silent {
    hall: Arc<Hall>,
}

impl Read for Silent {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.hall.wait_for_the_end();
        Ok(0)
    }
}
// ANCHOR_END: silent

impl Write for Silent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Silent {
    fn read_within(&mut self, _time: Duration) -> io::Result<()> {
        Ok(())
    }

    fn write_within(&mut self, _time: Duration) -> io::Result<()> {
        Ok(())
    }

    fn close_writing(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn addresses(&self) -> (SocketAddr, SocketAddr) {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        (nowhere, nowhere)
    }
}

/// Where everybody waits.
#[derive(Default)]
struct Hall {
    /// How many wait, and whether it is over.
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Hall {
    fn wait_for_the_end(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |(_, over)| !*over).unwrap());
    }

    fn wait_until_there_are(&self, count: usize) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |(waiting, _)| *waiting < count).unwrap());
    }

    fn end(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

/// What the process has, in megabytes.
#[derive(Clone, Copy, Default)]
struct Memory {
    /// Address space.
    reserved: f64,
    /// Memory behind it.
    touched: f64,
    /// What the kernel keeps for it: page tables of the process, and stacks of all threads of the machine.
    kernel: f64,
}

fn main() -> io::Result<()> {
    let wanted: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let hall = Arc::new(Hall::default());
    let config = Arc::new(Config::default());
    let app: Arc<dyn App> = Arc::new(wsgi::crab_app(Arc::new(wsgi::WallClock::new())));
    let before = memory();
    let mut handles: Vec<JoinHandle<()>> = Vec::with_capacity(wanted);
    let mut measured = vec![(0_usize, Memory::default())];
    let started = Instant::now();
    let mut starting = Duration::ZERO;
    'hire: for step in 1..=10 {
        while handles.len() < wanted * step / 10 {
            let (hall, app, config) = (Arc::clone(&hall), Arc::clone(&app), Arc::clone(&config));
            // ANCHOR: viewer
            let viewer = thread::Builder::new().spawn(move || {
                let connection = Silent { hall };
                wsgi::serve_connection(connection, &*app, &config).expect("silence is no error");
            });
            // ANCHOR_END: viewer
            match viewer {
                Ok(handle) => handles.push(handle),
                Err(error) => {
                    println!(
                        "The operating system gives no more than {} threads: {error}",
                        handles.len()
                    );
                    break 'hire;
                }
            }
        }
        hall.wait_until_there_are(handles.len());
        starting = started.elapsed();
        let now = memory();
        measured.push((
            handles.len(),
            Memory {
                reserved: now.reserved - before.reserved,
                touched: now.touched - before.touched,
                kernel: now.kernel - before.kernel,
            },
        ));
    }
    let (count, cost) = measured[measured.len() - 1];
    let each = |megabytes: f64| megabytes * 1024.0 / count as f64;
    println!(
        "{count} threads wait. Started in {:.2} s, {:.0} µs each.",
        starting.as_secs_f64(),
        starting.as_secs_f64() * 1e6 / count as f64
    );
    println!("address space      {:9.1} MB, {:7.1} kB each", cost.reserved, each(cost.reserved));
    println!("memory touched     {:9.1} MB, {:7.1} kB each", cost.touched, each(cost.touched));
    println!("kept by the kernel {:9.1} MB, {:7.1} kB each", cost.kernel, each(cost.kernel));
    let state = size_of::<wsgi::protocol::Connection>();
    println!("The protocol's state of a silent connection is {state} bytes.");

    let points = |of: fn(Memory) -> f64| -> Vec<(f64, f64)> {
        measured.iter().map(|(count, memory)| (*count as f64, of(*memory))).collect()
    };
    Plot::new("Memory of waiting threads", "threads", "MB")
        .series("touched and kept by the kernel", &points(|memory| memory.touched + memory.kernel))
        .series("touched by the process", &points(|memory| memory.touched))
        .save("ten-thousand")?;

    hall.end();
    for handle in handles {
        handle.join().expect("no viewer panics");
    }
    Ok(())
}

/// As Linux tells it; zero where it can't be known.
fn memory() -> Memory {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let machine = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let megabytes = |text: &str, name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
            .map_or(0.0, |kilobytes| kilobytes / 1024.0)
    };
    Memory {
        reserved: megabytes(&status, "VmSize"),
        touched: megabytes(&status, "VmRSS"),
        kernel: megabytes(&status, "VmPTE") + megabytes(&machine, "KernelStack"),
    }
}
