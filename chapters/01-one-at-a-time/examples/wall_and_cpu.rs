//! Three jobs of about a second, and what the processor had to do with them.
//!
//! ```text
//! cargo run -p one-at-a-time --example wall_and_cpu
//! ```

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use one_at_a_time::gauge;
use one_at_a_time::stopwatch::Stopwatch;

// ANCHOR: main
fn main() -> io::Result<()> {
    let gauge = gauge::open(Duration::from_secs(1))?;

    let watch = Stopwatch::start();
    thread::sleep(Duration::from_secs(1));
    println!("sleep for a second:   {}", watch.read());

    let watch = Stopwatch::start();
    let mut connection = TcpStream::connect(gauge)?;
    connection.write_all(b"north pier\n")?;
    connection.read_to_string(&mut String::new())?;
    println!("ask the north pier:   {}", watch.read());

    let watch = Stopwatch::start();
    let primes = (2..1_300_000_u32).filter(|&n| is_prime(n)).count();
    println!("count {primes} primes:  {}", watch.read());
    Ok(())
}
// ANCHOR_END: main

fn is_prime(n: u32) -> bool {
    (2..=n.isqrt()).all(|d| !n.is_multiple_of(d))
}
