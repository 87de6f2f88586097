#![doc = include_str!("../README.md")]

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// More of a message.
    Continuation,
    /// The beginning of a text.
    Text,
    /// The beginning of a message of bytes.
    Binary,
    /// The last frame in its direction.
    Close,
    /// A question whether the other side is there.
    Ping,
    /// The answer to it.
    Pong,
}

impl Opcode {
    /// Whether it is about the connection, and may stand between the fragments of a message.
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The message ends with this frame.
    pub last: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// How many bytes of payload follow; less than 2⁶³.
    pub length: u64,
}

/// What is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message of text.
    Text(String),
    /// A message of bytes.
    Binary(Vec<u8>),
    /// A ping, with its payload.
    Ping(Vec<u8>),
    /// A pong, with its payload.
    Pong(Vec<u8>),
    /// A close, with its payload.
    Close(Vec<u8>),
}

/// What the peer did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A frame that may not come now, or not at all.
    Protocol,
    /// A text that is no UTF-8.
    NotText,
    /// A message that is longer than the limit.
    TooBig,
}

impl Fault {
    /// The code for the close frame that says so.
    pub fn code(self) -> u16 {
        todo!("look it up in RFC 6455, section 7.4.1")
    }
}

/// Makes messages of frames.
#[derive(Debug)]
pub struct Reassembler {
    // Yours to fill.
}

impl Reassembler {
    /// For messages of at most so many bytes.
    pub fn new(limit: usize) -> Self {
        todo!("nothing is under way")
    }

    /// A frame begins. The one before it is whole.
    ///
    /// # Errors
    ///
    /// A frame that may not come, and what is wrong with a message that is whole with it.
    pub fn head(&mut self, head: Head) -> Result<Option<Event>, Fault> {
        todo!("may it come? is it whole already?")
    }

    /// A portion of its payload comes.
    ///
    /// # Errors
    ///
    /// A byte that no text can have there, and what is wrong with a message that is whole with it.
    pub fn payload(&mut self, bytes: &[u8]) -> Result<Option<Event>, Fault> {
        todo!("keep it, check it, and see whether something is whole")
    }
}
