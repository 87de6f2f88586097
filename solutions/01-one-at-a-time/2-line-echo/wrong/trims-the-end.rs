//! White space at the end of a line belongs to its ending.
//!
//! caught by: one_carriage_return_belongs_to_the_ending

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
        client.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Ok(()); // the end of the input, perhaps in the middle of a line
        }
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        let answer = [b"you said: ", &line[..], b"\n"].concat();
        client.get_mut().write_all(&answer)?;
    }
}
