//! What is armed already need not be armed again.
//!
//! caught by: a_visitor_who_takes_half_a_word_hears_the_rest

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
    /// What the poller was last told.
    armed: Option<Interest>,
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
        let went = if self.owed.is_empty() {
            let mut buffer = [0; 64];
            stream.read(&mut buffer).map(|n| {
                self.owed.extend_from_slice(&buffer[..n]);
                n > 0
            })
        } else {
            match stream.write(&self.owed) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.owed.drain(..n);
                    Ok(true)
                }
                Err(error) => Err(error),
            }
        };
        match went {
            Ok(false) => return Ok(false),
            Ok(true) => {}
            Err(error)
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
        let interest = if self.owed.is_empty() { Interest::Read } else { Interest::Write };
        if self.armed != Some(interest) {
            self.armed = Some(interest);
            poller.arm(interest);
        }
        Ok(true)
    }
}
