#![doc = include_str!("../README.md")]

use std::io::{self, Read, Write};

/// Answers each line that the client sends with `you said: ` and the line, until the client hangs up.
///
/// # Errors
///
/// When reading or writing fails with anything but `Interrupted`.
pub fn serve(client: impl Read + Write) -> io::Result<()> {
    todo!("answer every line as soon as it is complete")
}
