//! The head of a frame (RFC 6455, section 5.2).
//!
//! ```text
//!  0               1               2               3
//!  7 6 5 4 3 2 1 0 7 6 5 4 3 2 1 0
//! +-+-+-+-+-------+-+-------------+-------------------------------+
//! |F|R|R|R| opcode|M| length      | extended length, if length is |
//! |I|S|S|S|       |A|             | 126 (16 bits) or 127 (64)     |
//! |N|V|V|V|       |S|             |                               |
//! | |1|2|3|       |K|             | key, if masked (32)           |
//! +-+-+-+-+-------+-+-------------+-------------------------------+
//! ```

use crate::fault::Fault;

/// The longest head, in bytes.
pub const HEAD: usize = 14;

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
    /// Its four bits.
    pub fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    fn from_number(number: u8) -> Result<Self, Fault> {
        Ok(match number {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => return Err(Fault::Opcode(other)),
        })
    }

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
    /// The first reserved bit: with RFC 7692, the message is compressed.
    pub compressed: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// With what the payload is masked.
    pub key: Option<[u8; 4]>,
    /// How many bytes of payload follow.
    pub length: u64,
}

impl Head {
    /// Reads a head from the front of `bytes`, and says how long it is; `None` if more bytes are needed.
    ///
    /// What is wrong is wrong as soon as the byte that makes it so is there.
    ///
    /// # Errors
    ///
    /// A head that no frame can have, whoever has sent it.
    // ANCHOR: parse
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        if first & 0b0011_0000 != 0 {
            return Err(Fault::ReservedBit);
        }
        let (last, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
        let opcode = Opcode::from_number(first & 0x0f)?;
        if opcode.is_control() && !last {
            return Err(Fault::FragmentedControl);
        }
        if compressed && !matches!(opcode, Opcode::Text | Opcode::Binary) {
            return Err(Fault::CompressedBit);
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        let short = second & 0x7f;
        if opcode.is_control() && short > 125 {
            return Err(Fault::LongControl);
        }
        let mut rest = &bytes[2..];
        let length = match short {
            126 => {
                let Some((length, after)) = rest.split_first_chunk() else { return Ok(None) };
                rest = after;
                match u16::from_be_bytes(*length) {
                    0..126 => return Err(Fault::Length),
                    length => u64::from(length),
                }
            }
            127 => {
                let Some((length, after)) = rest.split_first_chunk() else { return Ok(None) };
                rest = after;
                match u64::from_be_bytes(*length) {
                    length @ 0x1_0000..0x8000_0000_0000_0000 => length,
                    _ => return Err(Fault::Length),
                }
            }
            short => u64::from(short),
        };
        let mut key = None;
        if second & 0x80 != 0 {
            let Some((bytes, after)) = rest.split_first_chunk() else { return Ok(None) };
            (key, rest) = (Some(*bytes), after);
        }
        Ok(Some((Self { last, compressed, opcode, key, length }, bytes.len() - rest.len())))
    }
    // ANCHOR_END: parse

    /// Writes the head, in the shortest form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let bits = u8::from(self.last) << 7 | u8::from(self.compressed) << 6;
        out.push(bits | self.opcode.number());
        let masked = if self.key.is_some() { 0x80 } else { 0 };
        if let Ok(short @ 0..126) = u8::try_from(self.length) {
            out.push(masked + short);
        } else if let Ok(length) = u16::try_from(self.length) {
            out.push(masked + 126);
            out.extend_from_slice(&length.to_be_bytes());
        } else {
            out.push(masked + 127);
            out.extend_from_slice(&self.length.to_be_bytes());
        }
        out.extend_from_slice(self.key.as_ref().map_or(&[], |key| &key[..]));
    }
}
