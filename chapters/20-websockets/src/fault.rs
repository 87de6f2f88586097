//! What a peer can do wrong, and the code that it is told.

use crate::close::codes;
use crate::utf8;

/// Why the connection must be failed (RFC 6455, section 7.1.7). Nothing that comes afterwards is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A reserved bit is set that nothing agreed on gives a meaning (section 5.2).
    #[error("a reserved bit is set")]
    ReservedBit,
    /// The compressed bit is set where it has no meaning: on a control frame, or on a message's later fragment (RFC 7692, section 6.1).
    #[error("the bit for compression is set on a frame that does not begin a message")]
    CompressedBit,
    /// An opcode that means nothing (section 5.2).
    #[error("the opcode {0} is reserved")]
    Opcode(u8),
    /// A client masks, a server does not (section 5.1).
    #[error("a frame from a client must be masked, one from a server must not be")]
    Masking,
    /// A length that fits into fewer bytes, or has its highest bit set (section 5.2).
    #[error("the length of a frame is not written in the shortest form")]
    Length,
    /// A ping, pong or close of more than 125 bytes (section 5.5).
    #[error("a control frame has more than 125 bytes")]
    LongControl,
    /// A ping, pong or close in parts (section 5.5).
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A continuation without a beginning (section 5.4).
    #[error("a continuation of no message")]
    NothingToContinue,
    /// A new message inside another (section 5.4).
    #[error("a message begins before the last one has ended")]
    Interleaved,
    /// Text that is no UTF-8 (section 8.1), or a close reason.
    #[error(transparent)]
    Utf8(#[from] utf8::Invalid),
    /// A close frame with one byte (section 5.5.1).
    #[error("a close frame has half a code")]
    HalfCode,
    /// A close code that must not be sent (section 7.4).
    #[error("the close code {0} must not be sent")]
    CloseCode(u16),
    /// A message longer than the limit, in bytes, before or after inflating.
    #[error("a message is longer than {0} bytes")]
    TooBig(usize),
    /// Compressed bytes that do not inflate.
    #[error("a compressed message does not inflate")]
    Deflate,
}

impl Fault {
    /// The code for the close frame that says so (section 7.4.1).
    pub fn code(self) -> u16 {
        match self {
            Self::Utf8(_) | Self::Deflate => codes::INVALID_PAYLOAD,
            Self::TooBig(_) => codes::TOO_BIG,
            _ => codes::PROTOCOL_ERROR,
        }
    }
}
