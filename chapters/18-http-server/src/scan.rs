//! What hyper's parser does not show: a strict look at the raw bytes of each request, before hyper has them.
//!
//! It follows the boundaries of messages (the head's end, a countdown of the content-length, the chunks) and passes over bodies.
//! It does no input or output, and copies nothing but a line that was cut in two by a read.
//! A request that it refuses is never seen whole by hyper, as the line's end is held back: so it is never answered but with a refusal.
//!
//! It leaves out what hyper refuses by itself (RFC 9112's grammar), and what can be asked of the parsed head: see [`check`](crate::check).

use std::fmt;
use std::mem;

use http::StatusCode;
use memchr::memchr;

/// Why a request is not answered by the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Refusal {
    /// A line ends with LF alone (RFC 9112, section 2.2, lets a server accept it; proxies disagree on it).
    BareLf = 1,
    /// More than one empty line stands before a request.
    EmptyLines,
    /// The target has a `#` in it.
    Fragment,
    /// The target is an absolute URI without a path.
    EmptyPath,
    /// A field's name is surrounded by white space, or a field is continued on the next line.
    Whitespace,
    /// There are `content-length` and `transfer-encoding` (RFC 9112, section 6.1).
    TwoLengths,
    /// A `content-length` is not a number, or there are several.
    Length,
    /// There is a `transfer-encoding` in HTTP/1.0.
    OldChunked,
    /// The transfer-encoding is not `chunked`, once.
    Coding,
    /// The head, or the trailers, are longer than they may be.
    HeadTooLong,
    /// There are more fields than there may be.
    TooManyFields,
    /// The size of a chunk is not a number, or is too large a one.
    ChunkSize,
    /// The extension of a chunk has control characters in it.
    ChunkExtension,
    /// A chunk does not end where its size says.
    ChunkEnd,
    /// The request did not come in time.
    Timeout,
}

impl Refusal {
    const ALL: [Self; 15] = [
        Self::BareLf,
        Self::EmptyLines,
        Self::Fragment,
        Self::EmptyPath,
        Self::Whitespace,
        Self::TwoLengths,
        Self::Length,
        Self::OldChunked,
        Self::Coding,
        Self::HeadTooLong,
        Self::TooManyFields,
        Self::ChunkSize,
        Self::ChunkExtension,
        Self::ChunkEnd,
        Self::Timeout,
    ];

    /// The one with that number, as `refusal as u8` gives it.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&refusal| refusal as u8 == number)
    }

    /// The status that the client is told.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Coding => StatusCode::NOT_IMPLEMENTED,
            Self::HeadTooLong | Self::TooManyFields => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BareLf => "a line ends with LF and not with CR LF",
            Self::EmptyLines => "empty lines stand before the request",
            Self::Fragment => "the target has a fragment",
            Self::EmptyPath => "the target has no path",
            Self::Whitespace => "there is white space around a field's name",
            Self::TwoLengths => "there are content-length and transfer-encoding",
            Self::Length => "the content-length is not one number",
            Self::OldChunked => "HTTP/1.0 has no transfer-encoding",
            Self::Coding => "the transfer-encoding is not chunked",
            Self::HeadTooLong => "the head is too long",
            Self::TooManyFields => "there are too many fields",
            Self::ChunkSize => "the size of a chunk is not a number",
            Self::ChunkExtension => "the extension of a chunk has control characters in it",
            Self::ChunkEnd => "a chunk does not end where its size says",
            Self::Timeout => "the request did not come in time",
        })
    }
}

/// Where in a message the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Before a request.
    Idle,
    /// In its head.
    Head,
    /// In its body.
    Body,
}

/// How much of a head is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a head, and of the trailers.
    pub bytes: usize,
    /// Fields of a head, and of the trailers.
    pub fields: usize,
}

/// The place in a connection's stream of requests.
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    state: State,
    /// The part of a line that came with earlier reads.
    line: Vec<u8>,
    /// The fields of the last head, if there was nothing in them to look at. Clients send the same ones with each request,
    /// and what is the same needs no second look.
    known: Vec<u8>,
    head: Head,
    heads: u64,
}

/// How many bytes of fields are kept for that.
const KNOWN: usize = 1024;

// ANCHOR: states
#[derive(Debug, Clone, Copy)]
enum State {
    /// Before a request.
    Idle,
    /// In a line of the head.
    Head,
    /// In a body with a length: how much is left.
    Length(u64),
    /// The digits of a chunk's size, and how many there were.
    Size(u64, u8),
    Extension,
    SizeLf,
    /// In a chunk: how much is left.
    Data(u64),
    DataCr,
    DataLf,
    Trailers,
    /// Nothing more is passed on.
    Refused(Refusal, Phase),
}
// ANCHOR_END: states

/// What is known of a head, or of the trailers, up to the present line.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are facts that do not exclude each other")]
struct Head {
    bytes: usize,
    fields: usize,
    skipped: bool,
    requested: bool,
    old: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Scanner {
    /// A scanner for a new connection.
    pub fn new(limits: Limits) -> Self {
        Self::after(0, limits)
    }

    /// A scanner for a connection on which so many heads were whole, and which is idle.
    pub(crate) fn after(heads: u64, limits: Limits) -> Self {
        Self {
            limits,
            state: State::Idle,
            line: Vec::new(),
            known: Vec::new(),
            head: Head::default(),
            heads,
        }
    }

    /// Looks at the next bytes, and says how many of them may be passed on: all, unless the request is refused.
    pub fn scan(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match self.step(rest) {
                Ok(used) => at += used,
                Err((passed, refusal)) => {
                    self.state = State::Refused(refusal, self.phase());
                    self.line = Vec::new();
                    return at + passed;
                }
            }
        }
        at
    }

    /// Where the next byte stands.
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Idle => Phase::Idle,
            State::Head => Phase::Head,
            State::Refused(_, phase) => phase,
            _ => Phase::Body,
        }
    }

    /// How many heads were whole, and not refused.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// Why nothing more is passed on.
    pub fn refusal(&self) -> Option<Refusal> {
        match self.state {
            State::Refused(refusal, _) => Some(refusal),
            _ => None,
        }
    }

    /// Takes some of the bytes, of which there is at least one. An error says how many come before the refusal.
    #[inline]
    fn step(&mut self, bytes: &[u8]) -> Result<usize, (usize, Refusal)> {
        let byte = bytes[0];
        self.state = match self.state {
            State::Idle | State::Head | State::Trailers => return self.lines(bytes),
            State::Length(left) => return Ok(self.skip(left, bytes.len(), State::Length)),
            State::Data(left) => return Ok(self.skip(left, bytes.len(), State::Data)),
            State::Size(size, digits) => match (char::from(byte).to_digit(16), byte) {
                (Some(_), _) if digits == 16 => return Err((0, Refusal::ChunkSize)),
                (Some(digit), _) => State::Size(size << 4 | u64::from(digit), digits + 1),
                _ if digits == 0 => return Err((0, Refusal::ChunkSize)),
                (None, b'\r') => self.after_size(size, State::SizeLf),
                (None, b';' | b' ' | b'\t') => self.after_size(size, State::Extension),
                (None, b'\n') => return Err((0, Refusal::BareLf)),
                _ => return Err((0, Refusal::ChunkSize)),
            },
            State::Extension => match byte {
                b'\r' => State::SizeLf,
                b'\n' => return Err((0, Refusal::BareLf)),
                b'\t' | b' '..=b'~' | 0x80.. => State::Extension,
                _ => return Err((0, Refusal::ChunkExtension)),
            },
            State::SizeLf => match (byte, self.head.length.take()) {
                (b'\n', Some(0)) => {
                    self.head = Head { requested: true, ..Head::default() };
                    State::Trailers
                }
                (b'\n', Some(size)) => State::Data(size),
                _ => return Err((0, Refusal::ChunkExtension)),
            },
            State::DataCr if byte == b'\r' => State::DataLf,
            State::DataLf if byte == b'\n' => State::Size(0, 0),
            State::DataCr | State::DataLf => return Err((0, Refusal::ChunkEnd)),
            State::Refused(refusal, _) => return Err((0, refusal)),
        };
        Ok(1)
    }

    fn after_size(&mut self, size: u64, next: State) -> State {
        // The head is over: its place for a length is free for the chunk's.
        self.head.length = Some(size);
        next
    }

    /// Passes over bytes that are counted.
    fn skip(&mut self, left: u64, there: usize, state: fn(u64) -> State) -> usize {
        let used = usize::try_from(left).unwrap_or(usize::MAX).min(there);
        let left = left - used as u64;
        let chunk = matches!(self.state, State::Data(_));
        self.state = match (left, chunk) {
            (0, true) => State::DataCr,
            (0, false) => self.idle(),
            _ => state(left),
        };
        used
    }

    fn idle(&mut self) -> State {
        self.head = Head::default();
        State::Idle
    }

    /// Takes lines up to the end of the head or the trailers, or what there is of them.
    fn lines(&mut self, bytes: &[u8]) -> Result<usize, (usize, Refusal)> {
        if matches!(self.state, State::Idle) {
            if let Some(head) = self.plain(bytes) {
                self.heads += 1;
                return Ok(head);
            }
            self.state = State::Head;
        }
        let mut used = 0;
        while used < bytes.len() {
            let rest = &bytes[used..];
            let Some(end) = find(b'\n', rest) else {
                self.room_for(rest.len()).map_err(|refusal| (used, refusal))?;
                self.line.extend_from_slice(rest);
                return Ok(bytes.len());
            };
            let length = end + 1;
            self.room_for(length).map_err(|refusal| (used, refusal))?;
            let part = &rest[..length];
            let judged = if self.line.is_empty() { self.line(part) } else { self.cut_line(part) };
            let over = judged.map_err(|refusal| (used + end, refusal))?;
            used += length;
            if over {
                break;
            }
        }
        Ok(used)
    }

    /// How long a head is that stands here whole, is within the limits, and has nothing in it that is to be looked at more closely.
    ///
    /// Nearly every head is such a one, and passes without a note of each line. All others are judged line by line.
    fn plain(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = find(b'\n', bytes)?;
        if self.head.skipped || !is_plain_line(&bytes[..end]) {
            return None;
        }
        let fields = &bytes[end + 1..];
        let length = if !self.known.is_empty() && fields.starts_with(&self.known) {
            self.known.len()
        } else {
            let length = plain_fields(fields, self.limits.fields)?;
            self.known.clear();
            if length <= KNOWN {
                self.known.extend_from_slice(&fields[..length]);
            }
            length
        };
        let whole = end + 1 + length;
        (whole <= self.limits.bytes).then_some(whole)
    }

    /// Counts bytes of the head.
    #[inline]
    fn room_for(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.head.bytes += bytes;
        if self.head.bytes > self.limits.bytes { Err(Refusal::HeadTooLong) } else { Ok(()) }
    }

    /// The same as [`line`](Self::line) for one that began in an earlier read.
    #[cold]
    fn cut_line(&mut self, end: &[u8]) -> Result<bool, Refusal> {
        let mut line = mem::take(&mut self.line);
        line.extend_from_slice(end);
        self.line(&line)
    }

    /// Judges a whole line, and says whether it was the last one.
    #[inline]
    fn line(&mut self, line: &[u8]) -> Result<bool, Refusal> {
        let [line @ .., b'\r', b'\n'] = line else { return Err(Refusal::BareLf) };
        let head = &mut self.head;
        if line.is_empty() {
            if head.requested {
                self.end();
            } else if mem::replace(&mut head.skipped, true) {
                return Err(Refusal::EmptyLines);
            } else {
                self.state = State::Idle;
            }
            return Ok(true);
        }
        if !head.requested {
            head.requested = true;
            head.old = line.ends_with(b" HTTP/1.0");
            return target(line).map(|()| false);
        }
        head.fields += 1;
        if head.fields > self.limits.fields {
            return Err(Refusal::TooManyFields);
        }
        let colon = find(b':', line).unwrap_or(line.len());
        let name = &line[..colon];
        if let [first, ..] = name
            && let [.., last] = name
            // Of white space, nothing is above the blank.
            && (*first <= b' ' || *last <= b' ')
            && (first.is_ascii_whitespace() || last.is_ascii_whitespace())
        {
            return Err(Refusal::Whitespace);
        }
        // Names of all other lengths are no business of the scanner's.
        if matches!(colon, 14 | 17) && !matches!(self.state, State::Trailers) {
            let value = line.get(colon + 1..).unwrap_or_default();
            framing(&mut self.head, name, value.trim_ascii())?;
        }
        Ok(false)
    }

    /// The head is whole, or the trailers are.
    fn end(&mut self) {
        if matches!(self.state, State::Trailers) {
            self.state = self.idle();
            return;
        }
        self.heads += 1;
        self.state = match (self.head.chunked, self.head.length.take()) {
            (true, _) => State::Size(0, 0),
            (false, Some(length @ 1..)) => State::Length(length),
            _ => self.idle(),
        };
    }
}

/// Whether there is nothing in a request's first line that is to be looked at more closely.
fn is_plain_line(line: &[u8]) -> bool {
    let [line @ .., b'\r'] = line else { return false };
    let Some(target) = find(b' ', line).and_then(|blank| line.get(blank + 1..)) else {
        return false;
    };
    target.first() == Some(&b'/') && find(b'#', target).is_none()
}

/// How long the fields of a head are, with the empty line, if they stand here whole, are no more than that many,
/// and have nothing in them that is to be looked at more closely.
fn plain_fields(bytes: &[u8], most: usize) -> Option<usize> {
    let (mut begin, mut fields) = (0, 0);
    while let Some(length) = find(b'\n', &bytes[begin..]) {
        let end = begin + length;
        let [line @ .., b'\r'] = &bytes[begin..end] else { return None };
        if line.is_empty() {
            return (fields <= most).then_some(end + 1);
        }
        let colon = find(b':', line)?;
        let (first, last) = (line[0], line[colon.checked_sub(1)?]);
        let length = matches!((colon, first | 0x20), (14, b'c') | (17, b't'));
        // There may be white space around the name, or it says where the body ends.
        if length || first <= b' ' || last <= b' ' {
            return None;
        }
        (begin, fields) = (end + 1, fields + 1);
    }
    None
}

/// What hyper's `Uri` does not show of a request's target.
fn target(line: &[u8]) -> Result<(), Refusal> {
    let Some(begin) = find(b' ', line) else { return Ok(()) };
    let target = &line[begin + 1..];
    // The end is looked for only where there is something to object to: that is rare.
    let end = || find(b' ', target).unwrap_or(target.len());
    if let Some(fragment) = find(b'#', target)
        && fragment < end()
    {
        return Err(Refusal::Fragment);
    }
    if target.first() != Some(&b'/') {
        let target = &target[..end()];
        if let Some(scheme) = target.windows(3).position(|window| window == b"://") {
            let end = target[scheme + 3..].iter().find(|byte| matches!(byte, b'/' | b'?'));
            if end != Some(&b'/') {
                return Err(Refusal::EmptyPath);
            }
        }
    }
    Ok(())
}

/// Where the byte is first. As memchr, and quicker where that is near: lines of a head are short.
#[inline]
fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 64;
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    let wanted = ONES * u64::from(byte);
    let (mut rest, mut at) = (bytes, 0);
    while let Some((&word, behind)) = rest.split_first_chunk() {
        // The lowest byte that is zero gets its top bit set. Those above it may get one by mistake.
        let differs = u64::from_le_bytes(word) ^ wanted;
        let zeros = differs.wrapping_sub(ONES) & !differs & TOPS;
        if zeros != 0 {
            return Some(at + zeros.trailing_zeros() as usize / 8);
        }
        (rest, at) = (behind, at + 8);
        if at == NEAR {
            return memchr(byte, rest).map(|more| at + more);
        }
    }
    rest.iter().position(|&other| other == byte).map(|more| at + more)
}

/// Takes note of a field that says where the body ends.
fn framing(head: &mut Head, name: &[u8], value: &[u8]) -> Result<(), Refusal> {
    if name.eq_ignore_ascii_case(b"content-length") {
        if head.chunked {
            return Err(Refusal::TwoLengths);
        }
        let number = number(value).ok_or(Refusal::Length)?;
        if head.length.replace(number).is_some() {
            return Err(Refusal::Length);
        }
    } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
        if head.length.is_some() {
            return Err(Refusal::TwoLengths);
        }
        if head.old {
            return Err(Refusal::OldChunked);
        }
        if mem::replace(&mut head.chunked, true) || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::Coding);
        }
    }
    Ok(())
}

fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_byte_is_found_where_it_is_first() {
        for length in 0..150 {
            for byte in [0, b'\n', b':', 0x7f, 0x80, 0xff] {
                let mut bytes = vec![byte ^ 1; length];
                assert_eq!(find(byte, &bytes), None, "no {byte} in {length} bytes");
                for at in (0..length).rev() {
                    bytes[at] = byte;
                    assert_eq!(find(byte, &bytes), Some(at), "{byte} in {length} bytes");
                }
            }
        }
    }
}
