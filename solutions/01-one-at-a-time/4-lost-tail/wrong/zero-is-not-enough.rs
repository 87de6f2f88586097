//! A write that took nothing is tried again.
//!
//! caught by: a_stream_that_takes_nothing_is_an_error

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
        let mut sent = 0;
        while sent < n {
            match client.write(&buffer[sent..n]) {
                Ok(taken) => sent += taken,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        sent_back += n as u64;
    }
}
