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
    writeln!(connection, "{place}")?;
    Ok(connection)
}

fn hear(mut connection: TcpStream) -> io::Result<String> {
    let mut height = String::new();
    connection.read_to_string(&mut height)?;
    Ok(height.trim_end().to_owned())
}
// ANCHOR_END: halves

// ANCHOR: main
fn main() -> io::Result<()> {
    let gauge = gauge::open(Duration::from_secs(1))?;
    let watch = Stopwatch::start();

    let north = ask(gauge, "north pier")?;
    let south = ask(gauge, "south pier")?;
    println!("both asked after {:.1} s", watch.read().wall.as_secs_f64());

    println!("north pier: {} after {:.1} s", hear(north)?, watch.read().wall.as_secs_f64());
    println!("south pier: {} after {:.1} s", hear(south)?, watch.read().wall.as_secs_f64());

    println!("{}", watch.read());
    Ok(())
}
// ANCHOR_END: main
