//! What is read can wait in memory until the client takes it.
//!
//! caught by: nothing_is_read_while_something_is_owed

use std::io::{self, ErrorKind, Read, Write};

/// What the machine waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// For the stream to have something to read.
    Read,
    /// For the stream to have room to write.
    Write,
    /// For nothing: the conversation is over.
    Close,
}

/// One client's line echo.
#[derive(Debug, Default)]
pub struct Echo {
    /// A line that is not complete.
    line: Vec<u8>,
    /// Complete lines, or what is left of them, that are to be sent back.
    owed: Vec<u8>,
}

impl Echo {
    /// A conversation in which nothing was said.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gets as far as it can without waiting.
    ///
    /// # Errors
    ///
    /// When reading or writing fails.
    pub fn go(&mut self, stream: &mut (impl Read + Write)) -> io::Result<Wants> {
        let mut buffer = [0; 1024];
        let mut at_end = false;
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => {
                    at_end = true;
                    break;
                }
                Ok(n) => self.line.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if let Some(end) = self.line.iter().rposition(|&byte| byte == b'\n') {
                self.owed.extend(self.line.drain(..=end));
            }
        }
        while !self.owed.is_empty() {
            match stream.write(&self.owed) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => drop(self.owed.drain(..n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Wants::Write),
                Err(error) => return Err(error),
            }
        }
        Ok(if at_end { Wants::Close } else { Wants::Read })
    }
}
