//! An echo that loses nothing.

use std::io::{self, ErrorKind, Read, Write};

// ANCHOR: echo
/// Sends back whatever arrives, until the client has no more to say. Returns how many bytes that were.
///
/// # Errors
///
/// When reading or writing fails with anything but `Interrupted`, and `WriteZero` when a write accepts nothing.
pub fn echo(mut client: impl Read + Write) -> io::Result<u64> {
    let mut buffer = [0; 64];
    let mut sent_back = 0;
    loop {
        let n = match client.read(&mut buffer) {
            Ok(0) => return Ok(sent_back),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        client.write_all(&buffer[..n])?;
        sent_back += n as u64;
    }
}
// ANCHOR_END: echo
