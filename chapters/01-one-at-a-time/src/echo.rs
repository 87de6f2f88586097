//! A blocking echo server: what comes in goes out (RFC 862).
//!
//! It serves one client at a time. It leaves out threads, timeouts and limits: a client that says nothing
//! and does not hang up keeps the server for ever.

use std::io::{self, Read, Write};
use std::net::TcpListener;

// ANCHOR: echo
/// Sends back whatever arrives, until the client has no more to say.
///
/// # Errors
///
/// When reading or writing fails, for instance because the client is gone.
pub fn echo(mut client: impl Read + Write) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let n = client.read(&mut buffer)?; // waits here until something arrives
        if n == 0 {
            return Ok(()); // the client will send nothing more
        }
        client.write_all(&buffer[..n])?; // waits here once the kernel has all it will take
    }
}
// ANCHOR_END: echo

// ANCHOR: serve
/// Serves clients for ever, each to its end before the next.
///
/// # Errors
///
/// When a connection cannot be accepted. A client that fails ends its own connection only.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (client, address) = listener.accept()?; // waits here until somebody connects
        if let Err(error) = echo(client) {
            eprintln!("{address}: {error}");
        }
    }
}
// ANCHOR_END: serve
