#![doc = include_str!("../README.md")]

use std::io::{self, ErrorKind, Read, Write};

/// What a poller is to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// For something to read.
    Read,
    /// For room to write.
    Write,
    /// For either.
    Both,
}

/// A poller in oneshot mode, for one stream.
pub trait Poller {
    /// Has the poller tell once, when there is something of `interest`. Replaces what was armed before.
    fn arm(&mut self, interest: Interest);
}

/// Sends back whatever it hears.
#[derive(Debug, Default)]
pub struct Parrot {
    /// What it has heard and not sent back.
    owed: Vec<u8>,
}

impl Parrot {
    /// A parrot that has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on, now that the poller has told. False when the conversation is over.
    ///
    /// # Errors
    ///
    /// When reading or writing fails with anything but `Interrupted` or `WouldBlock`. The conversation is over then.
    pub fn ready(
        &mut self,
        stream: &mut (impl Read + Write),
        poller: &mut impl Poller,
    ) -> io::Result<bool> {
        if self.owed.is_empty() {
            let mut buffer = [0; 64];
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(n) => self.owed.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
            poller.arm(Interest::Write);
        } else {
            match stream.write(&self.owed) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => drop(self.owed.drain(..n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
            if self.owed.is_empty() {
                poller.arm(Interest::Read);
            }
        }
        Ok(true)
    }
}
