//! What begins as the preface does is HTTP/2, if nothing speaks against it.
//!
//! caught by: a_client_may_end_within_the_preface

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
        if bytes.starts_with(missing) {
            self.serve(Protocol::Http2, bytes)
        } else if missing.starts_with(bytes) {
            self.matched += bytes.len();
            Step::Wait
        } else {
            self.serve(Protocol::Http1, bytes)
        }
    }

    /// The client says nothing more.
    pub fn end(self) -> Step {
        if self.matched == 0 { Step::Close } else { self.serve(Protocol::Http2, b"") }
    }

    fn serve(&self, protocol: Protocol, bytes: &[u8]) -> Step {
        Step::Serve(protocol, [&PREFACE[..self.matched], bytes].concat())
    }
}
