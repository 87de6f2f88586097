#![doc = include_str!("../README.md")]

/// How a request's body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunks, up to one of size 0.
    Chunked,
}

/// The request could be read in two ways, or in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// How the body of a request with these headers is delimited.
///
/// # Errors
///
/// [`Refused`], if the headers leave a doubt.
pub fn framing(headers: &[(&str, &str)]) -> Result<Framing, Refused> {
    todo!("look at every Content-Length and every Transfer-Encoding")
}

/// Takes a body out of the bytes that come after the head.
#[derive(Debug)]
pub struct BodyReader {
    // What must you remember from one piece to the next?
}

impl BodyReader {
    /// A reader at the beginning of a body.
    pub fn new(framing: Framing) -> Self {
        todo!("make a reader")
    }

    /// Takes the next bytes, and appends those of the body to `body`.
    /// Returns how many of `bytes` belong to this request.
    ///
    /// # Errors
    ///
    /// [`Refused`], if these are no chunks.
    pub fn feed(&mut self, bytes: &[u8], body: &mut Vec<u8>) -> Result<usize, Refused> {
        todo!("read on from where the last bytes ended")
    }

    /// Whether the body is at its end.
    pub fn is_done(&self) -> bool {
        todo!("true when nothing more belongs to this request")
    }
}
