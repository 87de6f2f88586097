//! Empty lines before a request are skipped (RFC 9112, section 2.2).
//!
//! caught by: whatever_begins_otherwise_is_for_http1

/// What a client of HTTP/2 begins with.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1, or what its server refuses.
    Http1,
    /// HTTP/2.
    Http2,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is not certain yet.
    Wait,
    /// The server of this protocol takes over. It reads these bytes first.
    Serve(Protocol, Vec<u8>),
    /// There is nobody to serve.
    Close,
}

/// The beginning of a connection.
#[derive(Debug, Default)]
pub struct Chooser {
    said: Vec<u8>,
}

impl Chooser {
    /// A connection on which nothing has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// This has come.
    pub fn feed(&mut self, bytes: &[u8]) -> Step {
        self.said.extend_from_slice(bytes);
        let line = self.said.iter().position(|byte| !b"\r\n".contains(byte));
        let begun = &self.said[line.unwrap_or(self.said.len())..];
        if begun.starts_with(PREFACE) {
            Step::Serve(Protocol::Http2, std::mem::take(&mut self.said))
        } else if PREFACE.starts_with(begun) {
            Step::Wait
        } else {
            Step::Serve(Protocol::Http1, std::mem::take(&mut self.said))
        }
    }

    /// The client says nothing more.
    pub fn end(self) -> Step {
        if self.said.is_empty() { Step::Close } else { Step::Serve(Protocol::Http1, self.said) }
    }
}
