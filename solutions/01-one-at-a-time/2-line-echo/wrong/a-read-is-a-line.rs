//! What one read returns is one line.
//!
//! caught by: several_lines_in_one_read

use std::io::{self, ErrorKind, Read, Write};

/// Answers each line that the client sends with `you said: ` and the line, until the client hangs up.
///
/// # Errors
///
/// When reading or writing fails with anything but `Interrupted`.
pub fn serve(mut client: impl Read + Write) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let n = match client.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let line = buffer[..n].strip_suffix(b"\n").unwrap_or(&buffer[..n]);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        client.write_all(&[b"you said: ", line, b"\n"].concat())?;
    }
}
