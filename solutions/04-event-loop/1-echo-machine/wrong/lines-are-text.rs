//! What a client sends is text.
//!
//! caught by: a_line_is_bytes_and_need_not_be_text

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
    line: String,
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
    /// When reading or writing fails with anything but `Interrupted` or `WouldBlock`, and `WriteZero` when a write accepts nothing.
    pub fn go(&mut self, stream: &mut (impl Read + Write)) -> io::Result<Wants> {
        loop {
            let (went, wants) = if self.owed.is_empty() {
                (self.read(stream), Wants::Read)
            } else {
                (self.write(stream), Wants::Write)
            };
            match went {
                Ok(true) => {}
                Ok(false) => return Ok(Wants::Close),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(wants),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads once. False is the end of the input.
    fn read(&mut self, stream: &mut impl Read) -> io::Result<bool> {
        let mut buffer = [0; 1024];
        let n = stream.read(&mut buffer)?;
        self.line.push_str(&String::from_utf8_lossy(&buffer[..n]));
        if let Some(end) = self.line.rfind('\n') {
            self.owed.extend(self.line.drain(..=end).collect::<String>().into_bytes());
        }
        Ok(n > 0)
    }

    /// Writes once.
    fn write(&mut self, stream: &mut impl Write) -> io::Result<bool> {
        match stream.write(&self.owed)? {
            0 => Err(ErrorKind::WriteZero.into()),
            n => {
                self.owed.drain(..n);
                Ok(true)
            }
        }
    }
}
