//! Answers are given when the input so far ends with a line.
//!
//! caught by: a_line_is_answered_though_the_next_has_begun

use std::io::{self, ErrorKind, Read, Write};

/// Answers each line that the client sends with `you said: ` and the line, until the client hangs up.
///
/// # Errors
///
/// When reading or writing fails with anything but `Interrupted`.
pub fn serve(mut client: impl Read + Write) -> io::Result<()> {
    let mut pending = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = match client.read(&mut buffer) {
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        pending.extend_from_slice(&buffer[..n]);
        if n > 0 && !pending.ends_with(b"\n") {
            continue;
        }
        for line in pending.split_inclusive(|&byte| byte == b'\n') {
            let Some(line) = line.strip_suffix(b"\n") else {
                break;
            };
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            client.write_all(&[b"you said: ", line, b"\n"].concat())?;
        }
        pending.clear();
        if n == 0 {
            return Ok(());
        }
    }
}
