//! This server beside bare hyper: a small response, a page, a stream, an upload; and how the two compare within one run.
//!
//! Client and server share a thread, and the kernel has most of the time.
//!
//! `cargo bench -p http-server`

#[path = "../examples/against/servers.rs"]
#[expect(dead_code, reason = "the servers of the example `against` are more than these two")]
mod servers;

use std::time::Duration;

use cpu_time::ProcessTime;
use divan::Bencher;
use servers::{HELLO, PAGE, PART, PARTS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const WORKLOADS: [&str; 4] = ["/", "/page", "/stream", "/upload"];

fn main() {
    divan::main();
    // Not when the benchmarks are only tried, or some of them are picked.
    if std::env::args().skip(1).eq(["--bench"]) {
        ratios();
    }
}

/// A connection to a server that is a task of the runtime.
struct Visit {
    runtime: Runtime,
    stream: TcpStream,
    request: Vec<u8>,
    end: &'static [u8],
    buffer: Vec<u8>,
}

impl Visit {
    fn new(way: &'static str, path: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let stream = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                servers::serve(way, listener, Duration::from_mins(10)).await.unwrap();
            });
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            stream
        });
        let length = PARTS * PART.len();
        let request = match path {
            "/upload" => {
                let head = format!(
                    "POST {path} HTTP/1.1\r\nhost: crab\r\ncontent-length: {length}\r\n\r\n"
                );
                [head.as_bytes(), &vec![b'x'; length]].concat()
            }
            _ => format!("GET {path} HTTP/1.1\r\nhost: crab\r\n\r\n").into_bytes(),
        };
        let end = match path {
            "/" => HELLO,
            "/page" => &PAGE[PAGE.len() - 2..],
            "/stream" => b"\r\n0\r\n\r\n",
            _ => b"1048576\n",
        };
        Self { runtime, stream, request, end, buffer: vec![0; 2 * length] }
    }

    /// Sends the request, and reads until the end of its response.
    fn ask(&mut self) {
        let Self { runtime, stream, request, end, buffer } = self;
        runtime.block_on(async {
            let (mut reader, mut writer) = stream.split();
            let write = async { writer.write_all(request).await.unwrap() };
            let read = async {
                let mut filled = 0;
                while !buffer[..filled].ends_with(end) {
                    let count = reader.read(&mut buffer[filled..]).await.unwrap();
                    assert!(count > 0, "the connection ended");
                    filled += count;
                }
            };
            tokio::join!(write, read);
        });
    }
}

fn bench(bencher: Bencher<'_, '_>, way: &'static str, path: &str) {
    let mut visit = Visit::new(way, path);
    bencher.bench_local(|| visit.ask());
}

#[divan::bench(args = WORKLOADS, sample_count = 100, sample_size = 20)]
fn hyper(bencher: Bencher<'_, '_>, path: &str) {
    bench(bencher, "hyper", path);
}

#[divan::bench(args = WORKLOADS, sample_count = 100, sample_size = 20)]
fn tidepool(bencher: Bencher<'_, '_>, path: &str) {
    bench(bencher, "tidepool", path);
}

/// The processor time of one, by that of the other, in turns: whatever else the machine does, it does to both.
fn ratios() {
    const ROUNDS: usize = 15;
    println!("processor time beside bare hyper's, client included; median of {ROUNDS} rounds");
    for path in WORKLOADS {
        let times = if matches!(path, "/" | "/page") { 2_000 } else { 40 };
        let mut visits = ["hyper", "tidepool"].map(|way| Visit::new(way, path));
        let mut ratios: Vec<f64> = (0..ROUNDS)
            .map(|round| {
                let mut taken = [Duration::ZERO; 2];
                for turn in 0..2 {
                    let next = (round + turn) % 2;
                    let start = ProcessTime::now();
                    (0..times).for_each(|_| visits[next].ask());
                    taken[next] = start.elapsed();
                }
                taken[1].div_duration_f64(taken[0])
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        println!("{path:>8}  {:.3}", ratios[ROUNDS / 2]);
    }
}
