//! A size says how much room the data needs.
//!
//! caught by: room_is_made_for_what_has_come

/// How a request's body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunks, up to one of size 0.
    Chunked,
}

/// The request could be read in two ways, or in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// How the body of a request with these headers is delimited.
///
/// # Errors
///
/// [`Refused`], if the headers leave a doubt.
pub fn framing(headers: &[(&str, &str)]) -> Result<Framing, Refused> {
    let mut found = Framing::Empty;
    for (name, value) in headers {
        let this = if name.eq_ignore_ascii_case("content-length") {
            Framing::Length(length(value).ok_or(Refused)?)
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(Refused);
            }
            Framing::Chunked
        } else {
            continue;
        };
        if found != Framing::Empty {
            return Err(Refused);
        }
        found = this;
    }
    Ok(found)
}

fn length(value: &str) -> Option<u64> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| value.parse().ok())?
}

/// Where in a body the reader is.
#[derive(Debug, Clone, Copy)]
enum State {
    /// So many bytes of a body of known length are still to come.
    Length(u64),
    /// In a chunk's size: so many digits, of this value.
    Size(u8, u64),
    /// After the `\r` behind a chunk's size.
    SizeLf(u64),
    /// So many bytes of a chunk are still to come.
    Data(u64),
    /// Before the `\r` behind a chunk's data.
    DataCr,
    /// Before the `\n` behind a chunk's data.
    DataLf,
    /// Before the `\r` that ends the body.
    LastCr,
    /// Before the `\n` that ends the body.
    LastLf,
    /// After the body.
    Done,
}

/// Takes a body out of the bytes that come after the head.
#[derive(Debug)]
pub struct BodyReader {
    state: State,
}

impl BodyReader {
    /// A reader at the beginning of a body.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Empty | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size(0, 0),
        };
        Self { state }
    }

    /// Takes the next bytes, and appends those of the body to `body`.
    /// Returns how many of `bytes` belong to this request.
    ///
    /// # Errors
    ///
    /// [`Refused`], if these are no chunks.
    pub fn feed(&mut self, bytes: &[u8], body: &mut Vec<u8>) -> Result<usize, Refused> {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            self.state = match (self.state, byte) {
                (State::Done, _) => break,
                (State::Length(left) | State::Data(left), _) => {
                    let here =
                        usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    body.reserve(usize::try_from(left).unwrap_or(0));
                    body.extend_from_slice(&rest[..here]);
                    rest = &rest[here..];
                    self.state = self.after_data(left - here as u64);
                    continue;
                }
                (State::Size(digits @ 0..8, value), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                    let digit = char::from(byte).to_digit(16).ok_or(Refused)?;
                    State::Size(digits + 1, value * 16 + u64::from(digit))
                }
                (State::Size(1.., value), b'\r') => State::SizeLf(value),
                (State::SizeLf(0), b'\n') => State::LastCr,
                (State::SizeLf(value), b'\n') => State::Data(value),
                (State::DataCr, b'\r') => State::DataLf,
                (State::DataLf, b'\n') => State::Size(0, 0),
                (State::LastCr, b'\r') => State::LastLf,
                (State::LastLf, b'\n') => State::Done,
                _ => return Err(Refused),
            };
            rest = after;
        }
        Ok(bytes.len() - rest.len())
    }

    /// The state when so many bytes of the data are left.
    fn after_data(&self, left: u64) -> State {
        match (self.state, left) {
            (State::Data(_), 0) => State::DataCr,
            (State::Data(_), left) => State::Data(left),
            (_, 0) => State::Done,
            (_, left) => State::Length(left),
        }
    }

    /// Whether the body is at its end.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}
