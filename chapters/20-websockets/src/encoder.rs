//! From messages to bytes.

use crate::Role;
use crate::close;
use crate::deflate::Deflate;
use crate::frame::{Head, Opcode};
use crate::mask::mask;

/// The half of the state machine that writes. Each method appends one frame, or more, to `out`.
///
/// It copies the payload once. Who has a large one, and does not mask, writes [`head`](Self::head) and then the payload from where it is.
#[derive(Debug)]
pub struct Encoder {
    role: Role,
    /// In a box, as most have none.
    deflate: Option<Box<Deflate>>,
}

impl Encoder {
    /// For the side that `role` is.
    pub fn new(role: Role) -> Self {
        Self { role, deflate: None }
    }

    /// Compresses messages, unless they are too short for it.
    #[must_use]
    pub fn with_deflate(mut self, deflate: Option<Deflate>) -> Self {
        self.deflate = deflate.map(Box::new);
        self
    }

    /// A message of text.
    pub fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        self.message(Opcode::Text, text.as_bytes(), out);
    }

    /// A message of bytes.
    pub fn binary(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.message(Opcode::Binary, bytes, out);
    }

    fn message(&mut self, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
        let compressed = self.deflate.as_mut().and_then(|deflate| deflate.message(payload));
        let (bytes, is_compressed) = match &compressed {
            Some(bytes) => (&bytes[..], true),
            None => (payload, false),
        };
        self.frame(opcode, true, is_compressed, bytes, out);
    }

    /// A fragment: the beginning of a message if `opcode` is text or binary, more of it if it is a continuation. It is never compressed.
    pub fn fragment(&mut self, opcode: Opcode, last: bool, payload: &[u8], out: &mut Vec<u8>) {
        self.frame(opcode, last, false, payload, out);
    }

    /// A question whether the other side is there.
    ///
    /// # Panics
    ///
    /// With more than 125 bytes.
    pub fn ping(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        self.control(Opcode::Ping, payload, out);
    }

    /// The answer to a ping, with its bytes.
    ///
    /// # Panics
    ///
    /// With more than 125 bytes.
    pub fn pong(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        self.control(Opcode::Pong, payload, out);
    }

    /// The last word. A reason that does not fit is cut between two characters.
    ///
    /// # Panics
    ///
    /// With a code that must not be sent.
    pub fn close(&mut self, close: Option<(u16, &str)>, out: &mut Vec<u8>) {
        let mut payload = Vec::new();
        if let Some((code, reason)) = close {
            assert!(close::may_be_sent(code), "the close code {code} must not be sent");
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(close::shortened(reason).as_bytes());
        }
        self.control(Opcode::Close, &payload, out);
    }

    fn control(&mut self, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
        assert!(
            payload.len() <= 125,
            "a control frame has at most 125 bytes, not {}",
            payload.len()
        );
        self.frame(opcode, true, false, payload, out);
    }

    /// The head of a message that is one frame and not compressed, if the payload needs no masking either.
    pub fn head(&self, opcode: Opcode, length: usize, out: &mut Vec<u8>) -> bool {
        let bare = matches!(self.role, Role::Server) && self.deflate.is_none();
        if bare {
            let length = length as u64;
            Head { last: true, compressed: false, opcode, key: None, length }.write(out);
        }
        bare
    }

    fn frame(
        &mut self,
        opcode: Opcode,
        last: bool,
        compressed: bool,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let key = match self.role {
            Role::Server => None,
            Role::Client { key } => Some(key()),
        };
        out.reserve(crate::frame::HEAD + payload.len());
        Head { last, compressed, opcode, key, length: payload.len() as u64 }.write(out);
        let start = out.len();
        out.extend_from_slice(payload);
        if let Some(key) = key {
            mask(&mut out[start..], key, 0);
        }
    }
}
