#![doc = include_str!("../README.md")]

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
        match client.write(&buffer[..n]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(sent) => sent_back += sent as u64,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
