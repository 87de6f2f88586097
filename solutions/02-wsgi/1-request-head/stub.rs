#![doc = include_str!("../README.md")]

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `GET`
    pub method: String,
    /// `/crabs/hermit`
    pub target: String,
    /// `HTTP/1.1`
    pub version: String,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It breaks a rule.
    Malformed,
    /// It is longer than the limit.
    TooLarge,
}

/// Reads a head that arrives in pieces.
#[derive(Debug)]
pub struct HeadReader {
    limit: usize,
    // What else must you remember from one piece to the next?
}

impl HeadReader {
    /// A reader of heads of up to `limit` bytes, which has read nothing.
    pub fn new(limit: usize) -> Self {
        todo!("make a reader")
    }

    /// Takes the next bytes. Returns the head if it is whole with them.
    ///
    /// # Errors
    ///
    /// [`Refused`]: `TooLarge` no later than with the first byte beyond the limit, `Malformed` no later than with the head's last.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<Head>, Refused> {
        todo!("look for the end, and read the head if it is there")
    }

    /// The bytes that came after the head.
    pub fn rest(&self) -> &[u8] {
        todo!("what was fed and is not part of the head")
    }
}
