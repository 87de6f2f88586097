//! The blocking echo server, to try with `nc` in two other terminals.
//!
//! ```text
//! cargo run -p one-at-a-time --example echo_server
//! cargo run -p one-at-a-time --example echo_server -- 127.0.0.1:7008
//! ```

use std::net::TcpListener;

fn main() -> Result<(), String> {
    let address = std::env::args().nth(1).unwrap_or_else(|| String::from("127.0.0.1:7007"));
    let listener = TcpListener::bind(&address).map_err(|error| {
        format!("cannot listen on {address}: {error}; give another address, like 127.0.0.1:7008, as the argument")
    })?;
    println!("listening on {address}; end with Ctrl-C");
    one_at_a_time::echo::serve(&listener)
        .map_err(|error| format!("cannot accept a connection: {error}"))
}
