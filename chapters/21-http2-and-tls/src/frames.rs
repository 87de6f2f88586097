//! What h2 does not count: a look at the head of each frame of the client's, nine bytes, as they pass.
//!
//! It follows the boundaries of frames and passes over what is in them. It does no input or output, and copies nothing but a head that was cut in two by a read.
//! A frame costs some ten nanoseconds, however long it is.
//!
//! It leaves out all that h2 judges by itself: which frame may come when, and what is in it.

use std::fmt;

use tokio::time::Instant;

use crate::config::{Allowance, Http2};

/// What a client does too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Flood {
    /// Streams that it resets (CVE-2023-44487).
    Resets = 1,
    /// SETTINGS, each of which is to be acknowledged (CVE-2019-9515).
    Settings,
    /// PING, each of which is to be answered (CVE-2019-9512).
    Pings,
    /// DATA without data (CVE-2019-9518).
    Empty,
    /// Windows that it opens by little.
    Updates,
    /// Frames that no stream needs.
    Others,
}

impl Flood {
    const ALL: [Self; 6] =
        [Self::Resets, Self::Settings, Self::Pings, Self::Empty, Self::Updates, Self::Others];

    /// The one with that number, as `flood as u8` gives it.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&flood| flood as u8 == number)
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Resets => "resets too many streams",
            Self::Settings => "sends too many SETTINGS",
            Self::Pings => "sends too many PINGs",
            Self::Empty => "sends too many DATA frames without data",
            Self::Updates => "opens its windows too often",
            Self::Others => "sends too many frames that say nothing",
        })
    }
}

/// How many bytes of a response allow to open a window once. A window of 1 KiB is opened when half of it is used, and so is the connection's.
const UPDATE: usize = 256;

/// How much of an allowance is left. The time is asked for only when none is.
#[derive(Debug)]
struct Budget {
    allowance: Allowance,
    left: u32,
    since: Option<Instant>,
}

impl Budget {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, left: allowance.burst, since: None }
    }

    /// Adds what was paid for. There may be more than a burst then.
    fn earn(&mut self, more: u32) {
        self.left = self.left.saturating_add(more);
    }

    /// Takes one. Says whether there was one.
    fn spend(&mut self, began: Instant) -> bool {
        if self.left == 0 {
            let now = Instant::now();
            let waited = now.saturating_duration_since(self.since.unwrap_or(began));
            let earned = waited.as_millis() * u128::from(self.allowance.per_second) / 1_000;
            if earned > 0 {
                self.since = Some(now);
                let earned = u32::try_from(earned).unwrap_or(u32::MAX);
                self.left = earned.min(self.allowance.burst);
            }
        }
        let there = self.left > 0;
        self.left = self.left.saturating_sub(1);
        there
    }
}

/// RFC 9113, section 6.
mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Flags. One bit is `END_STREAM` for DATA, and ACK for SETTINGS and PING.
mod flag {
    pub const END_STREAM: u8 = 1;
    pub const ACK: u8 = 1;
    pub const END_HEADERS: u8 = 4;
    pub const PADDED: u8 = 8;
}

/// How long the head of a frame is.
const HEAD: usize = 9;

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// What it is (RFC 9113, section 6).
    pub kind: u8,
    /// Its flags. What a bit means depends on the kind.
    pub flags: u8,
    /// The stream; 0 is the connection.
    pub stream: u32,
    /// How many bytes follow the head.
    pub length: usize,
}

impl Frame {
    fn new(head: [u8; HEAD]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = head;
        Self {
            kind,
            flags,
            // One bit is reserved.
            stream: u32::from_be_bytes(stream) & (u32::MAX >> 1),
            length: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
        }
    }

    /// The kind's name in RFC 9113.
    pub fn name(&self) -> &'static str {
        match self.kind {
            kind::DATA => "DATA",
            kind::HEADERS => "HEADERS",
            kind::PRIORITY => "PRIORITY",
            kind::RST_STREAM => "RST_STREAM",
            kind::SETTINGS => "SETTINGS",
            kind::PUSH_PROMISE => "PUSH_PROMISE",
            kind::PING => "PING",
            kind::GOAWAY => "GOAWAY",
            kind::WINDOW_UPDATE => "WINDOW_UPDATE",
            kind::CONTINUATION => "CONTINUATION",
            _ => "unknown",
        }
    }

    /// Whether it is the last of its stream, in its direction.
    pub fn ends_stream(&self) -> bool {
        matches!(self.kind, kind::DATA | kind::HEADERS) && self.flags & flag::END_STREAM != 0
    }

    /// Whether it says that another one has come: SETTINGS or PING.
    pub fn acknowledges(&self) -> bool {
        matches!(self.kind, kind::SETTINGS | kind::PING) && self.flags & flag::ACK != 0
    }
}

/// As in `DATA of stream 3, 4000 bytes, END_STREAM`.
impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())?;
        if self.stream > 0 {
            write!(formatter, " of stream {}", self.stream)?;
        }
        write!(formatter, ", {} bytes", self.length)?;
        if self.ends_stream() {
            formatter.write_str(", END_STREAM")?;
        }
        if self.acknowledges() {
            formatter.write_str(", ACK")?;
        }
        Ok(())
    }
}

/// Follows the boundaries of frames in one direction.
#[derive(Debug)]
pub(crate) struct Heads {
    /// What there is of a head that was cut in two.
    head: [u8; HEAD],
    there: usize,
    /// How many bytes there are before the next head.
    left: usize,
}

impl Heads {
    /// Before the first frame, so many bytes are passed over.
    pub(crate) fn after(left: usize) -> Self {
        Self { head: [0; HEAD], there: 0, left }
    }

    /// Goes on to the end of the next head, and takes what it has passed off `bytes`. `None`: they end before it.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        let skipped = self.left.min(bytes.len());
        self.left -= skipped;
        *bytes = &bytes[skipped..];
        let copied = (HEAD - self.there).min(bytes.len());
        self.head[self.there..self.there + copied].copy_from_slice(&bytes[..copied]);
        self.there += copied;
        *bytes = &bytes[copied..];
        if self.there < HEAD {
            return None;
        }
        let frame = Frame::new(self.head);
        (self.there, self.left) = (0, frame.length);
        Some(frame)
    }
}

/// Follows the frames of a client.
#[derive(Debug)]
pub struct Frames {
    /// Begin behind the preface.
    heads: Heads,
    /// The present frame is DATA of so many bytes, and the next byte says how many of them are padding.
    padded: Option<usize>,
    /// A block of headers has begun, and the frame that is to end it has not passed whole.
    block: Block,
    /// How many bytes were written for which no window may be opened yet.
    written: usize,
    began: Instant,
    budgets: Budgets,
}

#[derive(Debug)]
struct Budgets {
    resets: Budget,
    settings: Budget,
    pings: Budget,
    empty: Budget,
    others: Budget,
    updates: Budget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Open,
    /// With the end of the present frame it is over.
    Ending,
}

impl Frames {
    /// Of a client that begins with the preface.
    pub fn new(config: &Http2) -> Self {
        Self {
            heads: Heads::after(crate::choose::PREFACE.len()),
            padded: None,
            block: Block::None,
            written: 0,
            began: Instant::now(),
            budgets: Budgets {
                resets: Budget::new(config.resets),
                settings: Budget::new(config.settings),
                pings: Budget::new(config.pings),
                empty: Budget::new(config.empty),
                others: Budget::new(config.others),
                updates: Budget::new(config.updates),
            },
        }
    }

    /// Whether a block of headers has begun that is not whole.
    pub fn in_headers(&self) -> bool {
        self.block != Block::None
    }

    /// So many bytes were written to the client: it may open its windows for them.
    pub fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        self.budgets.updates.earn(u32::try_from(self.written / UPDATE).unwrap_or(u32::MAX));
        self.written %= UPDATE;
    }

    /// The client's next bytes.
    ///
    /// # Errors
    ///
    /// [`Flood`], if one of its frames is one too many. It is not to be asked again then.
    // ANCHOR: scan
    pub fn scan(&mut self, mut bytes: &[u8]) -> Result<(), Flood> {
        while let Some(&first) = bytes.first() {
            if let Some(length) = self.padded.take()
                && length == usize::from(first) + 1
            {
                self.spend(Flood::Empty)?;
            }
            let frame = self.heads.next(&mut bytes);
            if self.block == Block::Ending && (frame.is_some() || self.heads.left == 0) {
                self.block = Block::None;
            }
            if let Some(frame) = frame {
                self.frame(&frame)?;
            }
        }
        Ok(())
    }
    // ANCHOR_END: scan

    /// A frame begins.
    fn frame(&mut self, frame: &Frame) -> Result<(), Flood> {
        let Frame { kind, flags, length, .. } = *frame;
        let flagged = |flag| flags & flag != 0;
        match kind {
            // How many CONTINUATIONs there may be, h2 counts (CVE-2024-27316).
            kind::HEADERS | kind::CONTINUATION => self.block(flags, length),
            kind::DATA if !flagged(flag::END_STREAM) => {
                if length == 0 {
                    self.spend(Flood::Empty)?;
                }
                self.padded = (flagged(flag::PADDED) && length > 0).then_some(length);
            }
            kind::DATA | kind::GOAWAY => {}
            kind::RST_STREAM => self.spend(Flood::Resets)?,
            kind::SETTINGS if !flagged(flag::ACK) => self.spend(Flood::Settings)?,
            kind::PING if !flagged(flag::ACK) => self.spend(Flood::Pings)?,
            kind::WINDOW_UPDATE => self.spend(Flood::Updates)?,
            // An acknowledgement that nobody waits for is among them.
            _ => self.spend(Flood::Others)?,
        }
        Ok(())
    }

    fn block(&mut self, flags: u8, length: usize) {
        self.block = match (flags & flag::END_HEADERS != 0, length) {
            (true, 0) => Block::None,
            (true, _) => Block::Ending,
            (false, _) => Block::Open,
        };
    }

    fn spend(&mut self, flood: Flood) -> Result<(), Flood> {
        let budgets = &mut self.budgets;
        let budget = match flood {
            Flood::Resets => &mut budgets.resets,
            Flood::Settings => &mut budgets.settings,
            Flood::Pings => &mut budgets.pings,
            Flood::Empty => &mut budgets.empty,
            Flood::Updates => &mut budgets.updates,
            Flood::Others => &mut budgets.others,
        };
        if budget.spend(self.began) { Ok(()) } else { Err(flood) }
    }
}
