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
    connection.write_all(format!("{place}\n").as_bytes())?;
    let mut height = String::new();
    connection.read_to_string(&mut height)?; // until the gauge hangs up: the second is spent here
    Ok(height.trim_end().to_owned())
}
// ANCHOR_END: fetch

// ANCHOR: main
fn read_both(gauge: SocketAddr) -> io::Result<[Duration; 2]> {
    let watch = Stopwatch::start();

    let north = fetch(gauge, "north pier")?;
    let after_north = watch.read().wall;
    println!("north pier: {north} after {:.1} s", after_north.as_secs_f64());

    let south = fetch(gauge, "south pier")?;
    let after_south = watch.read().wall;
    println!("south pier: {south} after {:.1} s", after_south.as_secs_f64());

    println!("{}", watch.read());
    Ok([after_north, after_south])
}
// ANCHOR_END: main

fn main() -> io::Result<()> {
    let gauge = gauge::open(Duration::from_secs(1))?;
    let [between, end] = read_both(gauge)?;
    draw(between, end)
}

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
