//! Both gauges are asked before either answer is awaited.
//!
//! ```text
//! cargo run -p one-at-a-time --example fetch_both
//! ```

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use one_at_a_time::gauge;
use one_at_a_time::stopwatch::Stopwatch;

// ANCHOR: halves
fn ask(gauge: SocketAddr, place: &str) -> io::Result<TcpStream> {
    let mut connection = TcpStream::connect(gauge)?;
    connection.write_all(format!("{place}\n").as_bytes())?;
    Ok(connection)
}

fn hear(mut connection: TcpStream) -> io::Result<String> {
    let mut height = String::new();
    connection.read_to_string(&mut height)?;
    Ok(height.trim_end().to_owned())
}
// ANCHOR_END: halves

// ANCHOR: main
fn read_both(gauge: SocketAddr) -> io::Result<[Duration; 2]> {
    let watch = Stopwatch::start();

    let north = ask(gauge, "north pier")?;
    let south = ask(gauge, "south pier")?;

    let north = hear(north)?;
    let after_north = watch.read().wall;
    println!("north pier: {north} after {:.1} s", after_north.as_secs_f64());

    let south = hear(south)?;
    let after_south = watch.read().wall;
    println!("south pier: {south} after {:.1} s", after_south.as_secs_f64());

    println!("{}", watch.read());
    Ok([after_north, after_south])
}
// ANCHOR_END: main

fn main() -> io::Result<()> {
    let gauge = gauge::open(Duration::from_secs(1))?;
    read_both(gauge).map(|_| ())
}
