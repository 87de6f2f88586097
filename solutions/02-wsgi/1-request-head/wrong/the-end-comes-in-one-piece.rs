//! The end of the head is in the bytes that came last.
//!
//! caught by: however_the_head_is_cut

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `GET`
    pub method: String,
    /// `/crabs/hermit`
    pub target: String,
    /// `HTTP/1.1`
    pub version: String,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It breaks a rule.
    Malformed,
    /// It is longer than the limit.
    TooLarge,
}

/// Reads a head that arrives in pieces.
#[derive(Debug)]
pub struct HeadReader {
    limit: usize,
    bytes: Vec<u8>,
    /// Where the head ends, once that is known.
    end: usize,
}

impl HeadReader {
    /// A reader of heads of up to `limit` bytes, which has read nothing.
    pub fn new(limit: usize) -> Self {
        Self { limit, bytes: Vec::new(), end: 0 }
    }

    /// Takes the next bytes. Returns the head if it is whole with them.
    ///
    /// # Errors
    ///
    /// [`Refused`]: `TooLarge` no later than with the first byte beyond the limit, `Malformed` no later than with the head's last.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<Head>, Refused> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let found = self.bytes[from..].windows(4).position(|four| four == b"\r\n\r\n");
        let Some(found) = found else {
            return if self.bytes.len() > self.limit { Err(Refused::TooLarge) } else { Ok(None) };
        };
        self.end = from + found + 4;
        if self.end > self.limit {
            return Err(Refused::TooLarge);
        }
        parse(&self.bytes[..self.end - 4]).map(Some).ok_or(Refused::Malformed)
    }

    /// The bytes that came after the head.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.end..]
    }
}

/// The head in these bytes, from which the empty line was taken off.
fn parse(bytes: &[u8]) -> Option<Head> {
    let mut lines = str::from_utf8(bytes).ok()?.split("\r\n");
    if lines.clone().any(|line| line.contains(['\r', '\n'])) {
        return None;
    }
    let words: Vec<&str> = lines.next()?.split(' ').collect();
    let [method, target, version] = words[..] else {
        return None;
    };
    let complete = [method, target, version].iter().all(|word| !word.is_empty());
    Some(Head {
        method: complete.then(|| method.into())?,
        target: target.into(),
        version: version.into(),
        headers: lines.map(header).collect::<Option<_>>()?,
    })
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let sound = !name.is_empty() && !name.contains([' ', '\t']);
    sound.then(|| (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).into()))
}
