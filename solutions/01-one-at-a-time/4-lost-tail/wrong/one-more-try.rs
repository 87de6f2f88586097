//! What a short write left goes out with the next.
//!
//! caught by: two_short_writes_in_a_row_lose_nothing

use std::io::{self, ErrorKind, Read, Write};

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
        let mut sent = retried(&mut client, &buffer[..n])?;
        if sent < n {
            sent += retried(&mut client, &buffer[sent..n])?;
        }
        sent_back += sent as u64;
    }
}

fn retried(client: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match client.write(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            result => return result,
        }
    }
}
