//! A blocking server that answers line by line.

use std::io::{self, BufRead, BufReader, Read, Write};

// ANCHOR: serve
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
        client.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Ok(()); // the end of the input, perhaps in the middle of a line
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let answer = [b"you said: ", &line[..], b"\n"].concat();
        client.get_mut().write_all(&answer)?;
    }
}
// ANCHOR_END: serve
