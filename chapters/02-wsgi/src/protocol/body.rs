//! The chunked transfer coding, incoming (RFC 9112, section 7.1).

use super::{Limits, Refusal};

/// Where in a chunked body we are.
#[derive(Debug, Default)]
pub(super) enum Chunks {
    /// At the line with a chunk's size.
    #[default]
    Size,
    /// So many bytes of the chunk are still to come.
    Data(u64),
    /// At the CR LF behind a chunk.
    End,
    /// After the chunk of size 0: so many bytes of trailers were passed over.
    Trailers(usize),
}

/// What to do with the bytes at hand.
#[derive(Debug)]
pub(super) enum Step {
    /// Wait for more.
    NeedInput,
    /// Pass over so many: they were framing.
    Skip(usize),
    /// Hand out so many: they are body.
    Data(usize),
    /// Pass over so many, and the body is at its end.
    End(usize),
}

impl Chunks {
    pub(super) fn step(
        &mut self,
        bytes: &[u8],
        body_seen: u64,
        limits: &Limits,
    ) -> Result<Step, Refusal> {
        match self {
            Self::Size => {
                let too_long = Refusal::Chunk("its size line is too long");
                let Some(line) = line(bytes, limits.chunk_line, &too_long)? else {
                    return Ok(Step::NeedInput);
                };
                let size = chunk_size(line)?;
                if size > limits.body.saturating_sub(body_seen) {
                    return Err(Refusal::BodyTooLarge);
                }
                *self = if size == 0 { Self::Trailers(0) } else { Self::Data(size) };
                Ok(Step::Skip(line.len() + 2))
            }
            Self::Data(left) => {
                let here = usize::try_from(*left).map_or(bytes.len(), |n| n.min(bytes.len()));
                if here == 0 {
                    return Ok(Step::NeedInput);
                }
                *left -= here as u64;
                if *left == 0 {
                    *self = Self::End;
                }
                Ok(Step::Data(here))
            }
            Self::End => match bytes {
                [] | [b'\r'] => Ok(Step::NeedInput),
                [b'\r', b'\n', ..] => {
                    *self = Self::Size;
                    Ok(Step::Skip(2))
                }
                _ => Err(Refusal::Chunk("its data does not end where its size says")),
            },
            Self::Trailers(seen) => {
                let room = limits.head.saturating_sub(*seen);
                let Some(line) = line(bytes, room, &Refusal::HeadTooLarge)? else {
                    return Ok(Step::NeedInput);
                };
                if line.is_empty() {
                    return Ok(Step::End(2));
                }
                check_trailer(line)?;
                *seen += line.len() + 2;
                Ok(Step::Skip(line.len() + 2))
            }
        }
    }
}

/// The line at the front, without its CR LF; none if it is not whole.
fn line<'a>(
    bytes: &'a [u8],
    longest: usize,
    too_long: &Refusal,
) -> Result<Option<&'a [u8]>, Refusal> {
    let window = &bytes[..bytes.len().min(longest + 2)];
    match window.iter().position(|&byte| byte == b'\n') {
        Some(end) => match window[..end].strip_suffix(b"\r") {
            Some(line) if !line.contains(&b'\r') => Ok(Some(line)),
            _ => Err(Refusal::Chunk("a line does not end in CR LF")),
        },
        None if window.len() == longest + 2 => Err(too_long.clone()),
        None => Ok(None),
    }
}

/// `1*HEXDIG`, and an extension behind a semicolon, which is checked for control characters and otherwise ignored.
fn chunk_size(line: &[u8]) -> Result<u64, Refusal> {
    let digits = match line.iter().position(|&byte| byte == b';') {
        Some(semicolon) => {
            if line[semicolon..].iter().any(|&byte| byte != b'\t' && byte.is_ascii_control()) {
                return Err(Refusal::Chunk("a control character in its extension"));
            }
            line[..semicolon].trim_ascii_end()
        }
        None => line,
    };
    // Sixteen digits are 64 bits. `from_str_radix` alone would let a `+` pass.
    let plain = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    str::from_utf8(digits)
        .ok()
        .filter(|_| plain)
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or(Refusal::Chunk("expected its size in hexadecimal digits"))
}

/// A trailer must be a well-formed field. What it says is dropped (RFC 9112, section 7.1.2, allows that).
fn check_trailer(line: &[u8]) -> Result<(), Refusal> {
    let mut parts = line.splitn(2, |&byte| byte == b':');
    let (name, value) = (parts.next().unwrap_or_default(), parts.next());
    let sound = !name.is_empty()
        && name.iter().all(|&byte| super::head::is_token_byte(byte))
        && value.is_some_and(|value| {
            value.iter().all(|&byte| byte == b'\t' || !byte.is_ascii_control())
        });
    if sound { Ok(()) } else { Err(Refusal::Header) }
}
