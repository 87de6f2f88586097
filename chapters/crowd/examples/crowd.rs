//! Sends the crowd to a server: `cargo run -p crowd --example crowd -- 127.0.0.1:8000`.
//!
//! With `--small`, ten visitors come in one second. The picture goes where `TIMELINE_DIR` says.

use std::env;
use std::error::Error;
use std::net::ToSocketAddrs as _;

use crowd::Crowd;

fn main() -> Result<(), Box<dyn Error>> {
    let mut crowd = Crowd::new();
    let mut address = None;
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--small" => crowd = Crowd::small(),
            other => address = Some(other.to_owned()),
        }
    }
    let address = address.ok_or("which server? give its address: 127.0.0.1:8000")?;
    let server = address
        .to_socket_addrs()
        .map_err(|error| format!("`{address}` is not an address such as 127.0.0.1:8000: {error}"))?
        .next()
        .ok_or_else(|| format!("`{address}` has no address"))?;
    let visits = crowd::visit(server, &crowd);
    print!("{}", visits.summary());
    visits.picture(format!("The crowd at {address}")).save("crowd")?;
    Ok(())
}
