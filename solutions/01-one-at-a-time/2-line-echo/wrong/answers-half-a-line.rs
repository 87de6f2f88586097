//! The last line needs no newline.
//!
//! caught by: what_stands_after_the_last_newline_is_no_line

use std::io::{self, BufRead, BufReader, Read, Write};

/// Answers each line that the client sends with `you said: ` and the line, until the client hangs up.
///
/// # Errors
///
/// When reading or writing fails with anything but `Interrupted`.
pub fn serve(client: impl Read + Write) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut line = Vec::new();
    loop {
        line.clear();
        if client.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let answer = [b"you said: ", &line[..], b"\n"].concat();
        client.get_mut().write_all(&answer)?;
    }
}
