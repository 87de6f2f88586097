//! UTF-8 that comes in portions.

use std::str;

/// A byte that cannot stand where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid UTF-8")]
pub struct Invalid;

/// Checks text that comes in portions, which may end within a character. It fails at the first portion with a byte that no text can have there.
///
/// ```
/// let mut check = websockets::utf8::Check::default();
/// assert!(check.more(b"cr\xc3").is_ok());
/// assert!(!check.is_whole());
/// assert!(check.more(b"\xa1be").is_ok());
/// assert!(check.is_whole());
/// assert!(check.more(b"\xff and more").is_err());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Check {
    /// The beginning of a character whose rest has not come.
    begun: [u8; 4],
    length: usize,
}

impl Check {
    /// The next portion.
    ///
    /// # Errors
    ///
    /// A byte of it cannot stand where it stands.
    pub fn more(&mut self, mut bytes: &[u8]) -> Result<(), Invalid> {
        while self.length > 0 {
            let Some((&byte, rest)) = bytes.split_first() else { return Ok(()) };
            self.begun[self.length] = byte;
            self.length += 1;
            bytes = rest;
            match str::from_utf8(&self.begun[..self.length]) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Invalid),
            }
        }
        match str::from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_none() => {
                // At most three bytes: with a fourth the character would be whole, or wrong.
                let begun = &bytes[error.valid_up_to()..];
                self.begun[..begun.len()].copy_from_slice(begun);
                self.length = begun.len();
                Ok(())
            }
            Err(_) => Err(Invalid),
        }
    }

    /// Whether what has come so far ends with a whole character.
    pub fn is_whole(&self) -> bool {
        self.length == 0
    }
}
