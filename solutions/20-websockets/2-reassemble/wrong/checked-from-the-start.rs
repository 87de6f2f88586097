//! A text is checked as a whole, as often as something of it has come.
//!
//! caught by: a_long_text_may_come_a_byte_at_a_time

use std::mem;
use std::str;

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
        match self {
            Self::Protocol => 1002,
            Self::NotText => 1007,
            Self::TooBig => 1009,
        }
    }
}

/// Makes messages of frames.
#[derive(Debug)]
pub struct Reassembler {
    limit: u64,
    frame: Option<Frame>,
    message: Option<Message>,
    /// The payload of a control frame.
    control: Vec<u8>,
    fault: Option<Fault>,
}

/// The frame whose payload is coming.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    last: bool,
    left: u64,
}

/// The message whose fragments are coming.
#[derive(Debug)]
struct Message {
    is_text: bool,
    bytes: Vec<u8>,
}

impl Reassembler {
    /// For messages of at most so many bytes.
    pub fn new(limit: usize) -> Self {
        let limit = limit as u64;
        Self { limit, frame: None, message: None, control: Vec::new(), fault: None }
    }

    /// A frame begins. The one before it is whole.
    ///
    /// # Errors
    ///
    /// A frame that may not come, and what is wrong with a message that is whole with it.
    pub fn head(&mut self, head: Head) -> Result<Option<Event>, Fault> {
        self.unless_failed(|this| {
            this.begin(head)?;
            this.frame = Some(Frame { opcode: head.opcode, last: head.last, left: head.length });
            this.ended()
        })
    }

    /// A portion of its payload comes.
    ///
    /// # Errors
    ///
    /// A byte that no text can have there, and what is wrong with a message that is whole with it.
    pub fn payload(&mut self, bytes: &[u8]) -> Result<Option<Event>, Fault> {
        self.unless_failed(|this| {
            let Some(frame) = &mut this.frame else { return Ok(None) };
            frame.left -= bytes.len() as u64;
            if frame.opcode.is_control() {
                this.control.extend_from_slice(bytes);
            } else if let Some(message) = &mut this.message {
                message.bytes.extend_from_slice(bytes);
                message.check()?;
            }
            this.ended()
        })
    }

    /// The first fault is the last thing that happens.
    fn unless_failed(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<Option<Event>, Fault>,
    ) -> Result<Option<Event>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        step(self).inspect_err(|fault| {
            self.fault = Some(*fault);
            self.message = None;
        })
    }

    /// Whether such a frame may come now.
    fn begin(&mut self, head: Head) -> Result<(), Fault> {
        if head.opcode.is_control() {
            return if head.last && head.length <= 125 { Ok(()) } else { Err(Fault::Protocol) };
        }
        let is_first = head.opcode != Opcode::Continuation;
        if is_first == self.message.is_some() {
            return Err(Fault::Protocol);
        }
        let message = self.message.get_or_insert_with(|| Message {
            is_text: head.opcode == Opcode::Text,
            bytes: Vec::new(),
        });
        if head.length > self.limit - message.bytes.len() as u64 {
            return Err(Fault::TooBig);
        }
        Ok(())
    }

    /// Whether something is whole.
    fn ended(&mut self) -> Result<Option<Event>, Fault> {
        let Some(frame) = self.frame.take_if(|frame| frame.left == 0) else { return Ok(None) };
        let control = mem::take(&mut self.control);
        match frame.opcode {
            Opcode::Ping => return Ok(Some(Event::Ping(control))),
            Opcode::Pong => return Ok(Some(Event::Pong(control))),
            Opcode::Close => return Ok(Some(Event::Close(control))),
            Opcode::Text | Opcode::Binary | Opcode::Continuation => {}
        }
        match self.message.take_if(|_| frame.last) {
            None => Ok(None),
            Some(message) if message.is_text => {
                let text = String::from_utf8(message.bytes).map_err(|_| Fault::NotText)?;
                Ok(Some(Event::Text(text)))
            }
            Some(message) => Ok(Some(Event::Binary(message.bytes))),
        }
    }
}

impl Message {
    /// Checks what has come.
    fn check(&self) -> Result<(), Fault> {
        if self.is_text {
            match str::from_utf8(&self.bytes) {
                Err(error) if error.error_len().is_some() => return Err(Fault::NotText),
                _ => {}
            }
        }
        Ok(())
    }
}
