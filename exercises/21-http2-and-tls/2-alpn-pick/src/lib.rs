#![doc = include_str!("../README.md")]

/// What a server may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/2.
    Http2,
    /// HTTP/1.1.
    Http11,
}

impl Protocol {
    /// Its name in ALPN.
    pub fn name(self) -> &'static [u8] {
        match self {
            Self::Http2 => b"h2",
            Self::Http11 => b"http/1.1",
        }
    }
}

/// What has been agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is spoken.
    pub protocol: Protocol,
    /// What the server's extension contains, if it sends one.
    pub extension: Option<Vec<u8>>,
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// The client's list is no list.
    DecodeError,
    /// The two have no protocol in common.
    NoApplicationProtocol,
}

impl Alert {
    /// Its number in TLS.
    pub fn code(self) -> u8 {
        todo!("look it up")
    }
}

/// Chooses what a connection speaks.
///
/// # Errors
///
/// A list that is none, and nothing in common.
pub fn pick(
    extension: Option<&[u8]>,
    ours: &[Protocol],
    fit_for_http2: bool,
) -> Result<Choice, Alert> {
    todo!("read what the client speaks, and choose")
}
