//! Two readings of the tide, fetched one after the other. Each takes a second.
//!
//! ```text
//! cargo run -p one-at-a-time --example fetch
//! ```

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use one_at_a_time::gauge;
use one_at_a_time::stopwatch::Stopwatch;

// ANCHOR: fetch
fn fetch(gauge: SocketAddr, place: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect(gauge)?;
    writeln!(connection, "{place}")?;
    let mut height = String::new();
    connection.read_to_string(&mut height)?; // the second is spent here
    Ok(height.trim_end().to_owned())
}
// ANCHOR_END: fetch

// ANCHOR: main
fn main() -> io::Result<()> {
    let gauge = gauge::open(Duration::from_secs(1))?;
    let watch = Stopwatch::start();

    let north = fetch(gauge, "north pier")?;
    println!("north pier: {north} after {:.1} s", watch.read().wall.as_secs_f64());
    // ANCHOR_END: main
    let between = watch.read().wall;
    // ANCHOR: main
    let south = fetch(gauge, "south pier")?;
    println!("south pier: {south} after {:.1} s", watch.read().wall.as_secs_f64());

    println!("{}", watch.read());
    // ANCHOR_END: main
    draw(between, watch.read().wall)
    // ANCHOR: main
}
// ANCHOR_END: main

/// Draws who waited for whom, from the times that were measured.
fn draw(between: Duration, end: Duration) -> io::Result<()> {
    use timeline::{Kind, Recorder};

    let mut recorder = Recorder::new("Two fetches, one at a time");
    let program = recorder.lane("the program");
    let north = recorder.lane("north pier");
    let south = recorder.lane("south pier");
    let asked = Duration::ZERO;
    recorder.span(program, asked, between, Kind::Blocked, "waits for the north pier");
    recorder.arrow(program, north, asked, "asks");
    recorder.span(north, asked, between, Kind::Working, "takes its reading");
    recorder.arrow(north, program, between, "answers");
    recorder.span(program, between, end, Kind::Blocked, "waits for the south pier");
    recorder.span(south, asked, between, Kind::Idle, "nobody has asked");
    recorder.arrow(program, south, between, "asks");
    recorder.span(south, between, end, Kind::Working, "takes its reading");
    recorder.arrow(south, program, end, "answers");
    recorder.rounded(Duration::from_millis(100)).finish().save("fetch")
}
