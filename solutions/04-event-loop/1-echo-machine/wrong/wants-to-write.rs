//! A machine that has answered still wants to write.
//!
//! caught by: lines_come_back

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

    /// Gets as far as it can without waiting: one read or one write.
    ///
    /// # Errors
    ///
    /// When reading or writing fails.
    pub fn go(&mut self, stream: &mut (impl Read + Write)) -> io::Result<Wants> {
        if self.owed.is_empty() {
            let mut buffer = [0; 1024];
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(Wants::Close),
                Ok(n) => self.line.extend_from_slice(&buffer[..n]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) =>
                {
                    return Ok(Wants::Read);
                }
                Err(error) => return Err(error),
            }
            if let Some(end) = self.line.iter().rposition(|&byte| byte == b'\n') {
                self.owed.extend(self.line.drain(..=end));
            }
            return Ok(Wants::Write);
        }
        match stream.write(&self.owed) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => drop(self.owed.drain(..n)),
            Err(error)
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
        Ok(Wants::Write)
    }
}
