//! What a short write left can wait until more has been read.
//!
//! caught by: nothing_is_kept_while_the_client_waits

use std::io::{self, ErrorKind, Read, Write};

/// Sends back whatever arrives, until the client has no more to say. Returns how many bytes that were.
///
/// # Errors
///
/// When reading or writing fails with anything but `Interrupted`, and `WriteZero` when a write accepts nothing.
pub fn echo(mut client: impl Read + Write) -> io::Result<u64> {
    let mut waiting = Vec::new();
    let mut buffer = [0; 64];
    let mut sent_back = 0;
    loop {
        match client.read(&mut buffer) {
            Ok(0) => {
                client.write_all(&waiting)?;
                return Ok(sent_back + waiting.len() as u64);
            }
            Ok(n) => waiting.extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        match client.write(&waiting) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(sent) => {
                waiting.drain(..sent);
                sent_back += sent as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
