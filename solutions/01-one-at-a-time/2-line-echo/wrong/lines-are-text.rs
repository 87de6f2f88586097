//! A line is a String.
//!
//! caught by: a_line_need_not_be_text

use std::io::{self, BufRead, BufReader, Read, Write};

/// Answers each line that the client sends with `you said: ` and the line, until the client hangs up.
///
/// # Errors
///
/// When reading or writing fails with anything but `Interrupted`.
pub fn serve(client: impl Read + Write) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut line = String::new();
    while client.read_line(&mut line)? > 0 {
        let Some(text) = line.strip_suffix('\n') else {
            break;
        };
        let text = text.strip_suffix('\r').unwrap_or(text);
        client.get_mut().write_all(format!("you said: {text}\n").as_bytes())?;
        line.clear();
    }
    Ok(())
}
