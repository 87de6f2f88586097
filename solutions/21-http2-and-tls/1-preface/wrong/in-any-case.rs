//! A protocol's name may be written in any case.
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
    /// So many bytes have come, and they are the first ones of the preface.
    matched: usize,
}

impl Chooser {
    /// A connection on which nothing has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// This has come.
    pub fn feed(&mut self, bytes: &[u8]) -> Step {
        let missing = &PREFACE[self.matched..];
        if bytes.len() >= missing.len() && bytes[..missing.len()].eq_ignore_ascii_case(missing) {
            self.serve(Protocol::Http2, bytes)
        } else if bytes.len() < missing.len() && missing[..bytes.len()].eq_ignore_ascii_case(bytes)
        {
            self.matched += bytes.len();
            Step::Wait
        } else {
            self.serve(Protocol::Http1, bytes)
        }
    }

    /// The client says nothing more.
    pub fn end(self) -> Step {
        if self.matched == 0 { Step::Close } else { self.serve(Protocol::Http1, b"") }
    }

    fn serve(&self, protocol: Protocol, bytes: &[u8]) -> Step {
        Step::Serve(protocol, [&PREFACE[..self.matched], bytes].concat())
    }
}
