//! First all the input, then all the answers.
//!
//! caught by: a_line_is_answered_before_the_next_is_awaited

use std::io::{self, Read, Write};

/// Answers each line that the client sends with `you said: ` and the line, until the client hangs up.
///
/// # Errors
///
/// When reading or writing fails with anything but `Interrupted`.
pub fn serve(mut client: impl Read + Write) -> io::Result<()> {
    let mut input = Vec::new();
    client.read_to_end(&mut input)?;
    for line in input.split_inclusive(|&byte| byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else {
            break;
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        client.write_all(&[b"you said: ", line, b"\n"].concat())?;
    }
    Ok(())
}
