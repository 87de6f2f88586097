//! From bytes to events.

use std::fmt;
use std::mem;

use bytes::{BufMut, Bytes};

use crate::Role;
use crate::close;
use crate::deflate::Inflate;
use crate::fault::Fault;
use crate::frame::{HEAD, Head, Opcode};
use crate::mask::mask;
use crate::utf8;

/// What the peer has said.
// ANCHOR: event
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message of text.
    Text(String),
    /// A message of bytes.
    Binary(Bytes),
    /// A question whether one is there. It wants a pong with the same bytes.
    Ping(Bytes),
    /// Such a pong.
    Pong(Bytes),
    /// The last word, with its code and reason if there is one. It wants a close frame, if none was sent yet.
    Close(Option<(u16, String)>),
}
// ANCHOR_END: event

/// What a peer may ask of one's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest message, in bytes, inflated and with all its fragments. Default: 16 MiB.
    pub message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 16 * 1024 * 1024 }
    }
}

/// How much memory a frame gets on the word of its head, in bytes. The rest has to come first.
const ON_TRUST: u64 = 64 * 1024;

/// By how much a place that is full grows, at least.
const ROOM: usize = 64 * 1024;

/// The half of the state machine that reads.
///
/// It holds the message that is being received and no other buffer: between two messages it holds no memory on the heap.
/// Every byte is masked and checked once, and moved once, or not at all if it was read to its [place](Self::place).
/// A message is one allocation, or a few if it is fragmented, compressed, or longer than 64 KiB.
pub struct Decoder {
    masked: bool,
    limits: Limits,
    /// In a box, as most have none.
    inflate: Option<Box<Inflate>>,
    /// The beginning of a head whose rest has not come.
    begun: [u8; HEAD],
    length: usize,
    frame: Option<Frame>,
    message: Option<Message>,
    /// The payload of a control frame, whose rest has not come.
    control: Vec<u8>,
    end: Option<Fault>,
    closed: bool,
}

/// The frame whose payload is coming.
struct Frame {
    head: Head,
    left: u64,
    /// How many bytes have come, of which the mask needs the remainder by four.
    seen: usize,
}

// ANCHOR: place
/// Where the rest of a long payload can be read to, without a copy.
#[derive(Debug)]
pub struct Place {
    bytes: Vec<u8>,
    /// How many bytes were in it.
    before: usize,
    /// How many may be read at most.
    room: usize,
}

impl Place {
    /// Room for bytes of the payload, and for none beyond it.
    pub fn room(&mut self) -> impl BufMut {
        (&mut self.bytes).limit(self.room)
    }

    /// How many bytes were read to it.
    pub fn read(&self) -> usize {
        self.bytes.len() - self.before
    }
}
// ANCHOR_END: place

/// The message whose fragments are coming.
#[derive(Default)]
struct Message {
    is_text: bool,
    is_compressed: bool,
    bytes: Vec<u8>,
    check: utf8::Check,
}

impl Frame {
    /// Takes the mask off the next portion of the payload. Says whether that was the last.
    fn pass(&mut self, part: &mut [u8]) -> bool {
        if let Some(key) = self.head.key {
            mask(part, key, self.seen);
        }
        self.left -= part.len() as u64;
        self.seen = self.seen.wrapping_add(part.len());
        self.left == 0
    }
}

impl Decoder {
    /// For the side that `role` is.
    pub fn new(role: Role, limits: Limits) -> Self {
        Self {
            masked: matches!(role, Role::Server),
            limits,
            inflate: None,
            begun: [0; HEAD],
            length: 0,
            frame: None,
            message: None,
            control: Vec::new(),
            end: None,
            closed: false,
        }
    }

    /// Lets messages be compressed.
    #[must_use]
    pub fn with_inflate(mut self, inflate: Option<Inflate>) -> Self {
        self.inflate = inflate.map(Box::new);
        self
    }

    /// Reads from the front of `input`, up to the end of the first thing that the peer has said, and says how much that was.
    ///
    /// Without an event all of `input` was used, and more is needed.
    /// The bytes that were used are unmasked in place, and of no use any more.
    /// After a close frame, all that comes is passed over (RFC 6455, section 5.5.1).
    ///
    /// # Errors
    ///
    /// The peer broke the protocol, or passed a limit. From then on it is always the same fault.
    // ANCHOR: decode
    pub fn decode(&mut self, input: &mut [u8]) -> Result<(usize, Option<Event>), Fault> {
        if let Some(fault) = self.end {
            return Err(fault);
        }
        if self.closed {
            return Ok((input.len(), None));
        }
        self.advance(input).inspect_err(|fault| self.fail(*fault))
    }
    // ANCHOR_END: decode

    /// The place for what is still to come of a payload, if that is at least `least` bytes of a message that is not compressed.
    /// It has the message's beginning, and has to be [given back](Self::placed) before anything else is decoded.
    pub fn place(&mut self, least: usize) -> Option<Place> {
        let frame = self.frame.as_ref().filter(|frame| !frame.head.opcode.is_control())?;
        let message = self.message.as_mut().filter(|message| !message.is_compressed)?;
        let left = usize::try_from(frame.left).unwrap_or(usize::MAX);
        if left < least.max(1) {
            return None;
        }
        let mut bytes = mem::take(&mut message.bytes);
        if bytes.len() == bytes.capacity() {
            bytes.reserve(left.min(ROOM));
        }
        let (before, room) = (bytes.len(), left.min(bytes.capacity() - bytes.len()));
        Some(Place { bytes, before, room })
    }

    /// Takes the place back, with what was read to it.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    pub fn placed(&mut self, place: Place) -> Result<Option<Event>, Fault> {
        if let Some(fault) = self.end {
            return Err(fault);
        }
        let (Some(frame), Some(message)) = (&mut self.frame, &mut self.message) else {
            return Ok(None);
        };
        message.bytes = place.bytes;
        let part = &mut message.bytes[place.before..];
        let whole = frame.pass(part);
        let head = frame.head;
        self.passed(&head, place.before, whole).inspect_err(|fault| self.fail(*fault))
    }

    fn fail(&mut self, fault: Fault) {
        self.end = Some(fault);
        self.message = None;
    }

    /// Whether the peer has said its last word.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether something has begun and not ended: half a head, half a payload, or a message whose last fragment is to come.
    fn is_in_the_middle(&self) -> bool {
        self.length > 0 || self.frame.is_some() || self.message.is_some()
    }

    // ANCHOR: advance
    fn advance(&mut self, input: &mut [u8]) -> Result<(usize, Option<Event>), Fault> {
        let mut used = 0;
        loop {
            let Some(frame) = &mut self.frame else {
                match self.head(&input[used..])? {
                    Some(count) => used += count,
                    None => return Ok((input.len(), None)),
                }
                continue;
            };
            let rest = &mut input[used..];
            let count = usize::try_from(frame.left).map_or(rest.len(), |left| left.min(rest.len()));
            let part = &mut rest[..count];
            let whole = frame.pass(part);
            let head = frame.head;
            used += count;
            let before = self.payload(&head, part)?;
            let event = self.passed(&head, before, whole)?;
            if !whole || event.is_some() {
                return Ok((used, event));
            }
        }
    }
    // ANCHOR_END: advance

    /// Reads a head, or as much of it as there is. Says how many bytes that took if the head is whole.
    fn head(&mut self, input: &[u8]) -> Result<Option<usize>, Fault> {
        let parsed = if self.length == 0 {
            Head::parse(input)?
        } else {
            let count = input.len().min(HEAD - self.length);
            self.begun[self.length..][..count].copy_from_slice(&input[..count]);
            Head::parse(&self.begun[..self.length + count])?
        };
        let Some((head, length)) = parsed else {
            // No head is longer than the place for it, so all of the input has room there.
            let begun = &mut self.begun[self.length..][..input.len()];
            begun.copy_from_slice(input);
            self.length += input.len();
            return Ok(None);
        };
        self.begin(&head)?;
        self.frame = Some(Frame { head, left: head.length, seen: 0 });
        Ok(Some(length - mem::take(&mut self.length)))
    }

    /// Whether such a frame may come now.
    fn begin(&mut self, head: &Head) -> Result<(), Fault> {
        if head.key.is_some() != self.masked {
            return Err(Fault::Masking);
        }
        if head.compressed && self.inflate.is_none() {
            return Err(Fault::ReservedBit);
        }
        if head.opcode.is_control() {
            return Ok(());
        }
        match (head.opcode, &self.message) {
            (Opcode::Continuation, None) => return Err(Fault::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Fault::Interleaved),
            _ => {}
        }
        let message = self.message.get_or_insert_with(|| Message {
            is_text: head.opcode == Opcode::Text,
            is_compressed: head.compressed,
            ..Message::default()
        });
        if !message.is_compressed {
            let whole = head.length.saturating_add(message.bytes.len() as u64);
            if whole > self.limits.message as u64 {
                return Err(Fault::TooBig(self.limits.message));
            }
            let trusted = usize::try_from(head.length.min(ON_TRUST)).unwrap_or(0);
            if message.bytes.is_empty() {
                message.bytes.reserve_exact(trusted);
            }
        }
        Ok(())
    }

    /// A portion of a payload goes where it belongs. Says how much of the message was there.
    fn payload(&mut self, head: &Head, part: &[u8]) -> Result<usize, Fault> {
        if head.opcode.is_control() {
            self.control.extend_from_slice(part);
            return Ok(0);
        }
        let Some(message) = &mut self.message else { return Ok(0) };
        let before = message.bytes.len();
        match &mut self.inflate {
            Some(inflate) if message.is_compressed => {
                inflate.more(part, &mut message.bytes, self.limits.message)?;
            }
            _ => message.bytes.extend_from_slice(part),
        }
        Ok(before)
    }

    /// A portion of a payload is in its place, behind what was there before; the last one if the payload is `whole`.
    fn passed(&mut self, head: &Head, before: usize, whole: bool) -> Result<Option<Event>, Fault> {
        // A message that is whole is checked as a whole, in a moment.
        if let Some(message) = &mut self.message
            && message.is_text
            && !head.opcode.is_control()
            && !(whole && head.last)
        {
            message.check.more(&message.bytes[before..])?;
        }
        if !whole {
            return Ok(None);
        }
        self.frame = None;
        self.ended(head)
    }

    /// A payload is whole.
    fn ended(&mut self, head: &Head) -> Result<Option<Event>, Fault> {
        if head.opcode.is_control() {
            let payload = mem::take(&mut self.control);
            return Ok(Some(match head.opcode {
                Opcode::Ping => Event::Ping(payload.into()),
                Opcode::Pong => Event::Pong(payload.into()),
                _ => {
                    let close = close::parse(&payload)?;
                    self.closed = true;
                    Event::Close(close.map(|(code, reason)| (code, reason.to_owned())))
                }
            }));
        }
        if !head.last {
            return Ok(None);
        }
        let Some(mut message) = self.message.take() else { return Ok(None) };
        if message.is_compressed
            && let Some(inflate) = &mut self.inflate
        {
            inflate.end(&mut message.bytes, self.limits.message)?;
        }
        Ok(Some(if message.is_text {
            Event::Text(String::from_utf8(message.bytes).map_err(|_| utf8::Invalid)?)
        } else {
            Event::Binary(message.bytes.into())
        }))
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Decoder")
            .field("limits", &self.limits)
            .field("in_the_middle", &self.is_in_the_middle())
            .field("closed", &self.closed)
            .field("fault", &self.end)
            .finish_non_exhaustive()
    }
}
