#![doc = include_str!("../README.md")]

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
    // Yours to fill.
}

impl Chooser {
    /// A connection on which nothing has come.
    pub fn new() -> Self {
        todo!("nothing is known")
    }

    /// This has come.
    pub fn feed(&mut self, bytes: &[u8]) -> Step {
        todo!("is it certain now?")
    }

    /// The client says nothing more.
    pub fn end(self) -> Step {
        todo!("what was it that it has said?")
    }
}
