#![doc = include_str!("../README.md")]

use std::io::{self, Read, Write};

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
    // What is there to remember between two calls?
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
        todo!("write what is owed, or else read; say what it waits for")
    }
}
