//! Reading an answer: bytes in, and what they amount to. No sockets here.

use std::mem;

/// An answer's head longer than this is nonsense.
const LONGEST_HEAD: usize = 64 * 1024;
/// A chunk's size line longer than this is nonsense.
const LONGEST_LINE: usize = 4 * 1024;

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nonsense;

/// Where in the answer we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the head, or before it.
    Head,
    /// So many bytes of body are to come.
    Length(u64),
    /// A chunk's size line is to come.
    Size,
    /// So many bytes of a chunk are to come.
    Chunk(u64),
    /// The line break after a chunk.
    ChunkEnd,
    /// The trailer, up to an empty line.
    Trailer,
    /// The body ends with the connection.
    UntilClose,
    /// That was all.
    Done,
}

/// An answer as it arrives.
#[derive(Debug)]
pub(crate) struct Answer {
    state: State,
    /// A head or a line that is not complete yet.
    partial: Vec<u8>,
    /// The status, once the head is complete.
    pub status: Option<u16>,
    /// Parts of the body so far: chunks that are complete, or arrivals of bytes where there are no chunks.
    pub parts: usize,
}

impl Answer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { state: State::Head, partial: Vec::new(), status: None, parts: 0 }
    }

    /// Whether the answer is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes in what one read brought. Whatever follows a complete answer is ignored.
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<(), Nonsense> {
        let mut arrival = false;
        while !bytes.is_empty() && self.state != State::Done {
            match self.state {
                State::Head => {
                    if let Some(head) = self.until(&mut bytes, b"\r\n\r\n", LONGEST_HEAD)? {
                        self.begin(&head)?;
                    }
                }
                State::Length(left) => {
                    let left = skip(&mut bytes, left);
                    arrival = true;
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                }
                State::UntilClose => {
                    bytes = &[];
                    arrival = true;
                }
                State::Size => {
                    if let Some(line) = self.until(&mut bytes, b"\r\n", LONGEST_LINE)? {
                        self.state = match size(&line)? {
                            0 => State::Trailer,
                            size => State::Chunk(size),
                        };
                    }
                }
                State::Chunk(left) => {
                    let left = skip(&mut bytes, left);
                    self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                }
                State::ChunkEnd => {
                    if let Some(line) = self.until(&mut bytes, b"\r\n", 2)? {
                        if line != b"\r\n" {
                            return Err(Nonsense);
                        }
                        self.parts += 1;
                        self.state = State::Size;
                    }
                }
                State::Trailer => {
                    if self.until(&mut bytes, b"\r\n", LONGEST_LINE)?.as_deref() == Some(b"\r\n") {
                        self.state = State::Done;
                    }
                }
                State::Done => {}
            }
        }
        self.parts += usize::from(arrival);
        Ok(())
    }

    /// The connection has ended: is that the end of an answer?
    pub fn close(&mut self) -> Result<(), Nonsense> {
        match self.state {
            State::UntilClose | State::Done => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(Nonsense),
        }
    }

    /// Moves bytes to the partial text until it ends with `end`, and returns it then, whole.
    fn until(
        &mut self,
        bytes: &mut &[u8],
        end: &[u8],
        longest: usize,
    ) -> Result<Option<Vec<u8>>, Nonsense> {
        while let Some((first, rest)) = bytes.split_first() {
            self.partial.push(*first);
            *bytes = rest;
            if self.partial.ends_with(end) {
                return Ok(Some(mem::take(&mut self.partial)));
            }
            if self.partial.len() >= longest {
                return Err(Nonsense);
            }
        }
        Ok(None)
    }

    /// Reads the head: what the status is, and how the body's end will be known.
    fn begin(&mut self, head: &[u8]) -> Result<(), Nonsense> {
        let head = str::from_utf8(head).map_err(|_| Nonsense)?;
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let version = first.next().unwrap_or_default();
        let status = first.next().and_then(|status| status.parse::<u16>().ok());
        let status = status.filter(|status| (100..600).contains(status)).ok_or(Nonsense)?;
        if !version.starts_with("HTTP/1.") {
            return Err(Nonsense);
        }
        if status < 200 {
            // An interim answer: the answer proper is still to come.
            return Ok(());
        }
        self.status = Some(status);
        let mut length = None;
        let mut chunked = false;
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(Nonsense)?;
            let value = value.trim_matches([' ', '\t']);
            if name.eq_ignore_ascii_case("content-length") {
                let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                let stated = value.parse().ok().filter(|_| digits).ok_or(Nonsense)?;
                if length.replace(stated).is_some_and(|earlier| earlier != stated) {
                    return Err(Nonsense);
                }
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            }
        }
        self.state = match (status, chunked, length) {
            (204 | 304, _, _) | (_, false, Some(0)) => State::Done,
            (_, true, _) => State::Size,
            (_, false, Some(length)) => State::Length(length),
            (_, false, None) => State::UntilClose,
        };
        Ok(())
    }
}

/// Skips up to `left` bytes, and returns how many are still to come.
fn skip(bytes: &mut &[u8], left: u64) -> u64 {
    let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    *bytes = &bytes[here..];
    left - here as u64
}

/// A chunk's size: hexadecimal digits, before any extension.
fn size(line: &[u8]) -> Result<u64, Nonsense> {
    let line = str::from_utf8(line).map_err(|_| Nonsense)?;
    let digits = line.split([';', '\r']).next().unwrap_or_default();
    let digits = digits.trim_end_matches([' ', '\t']);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Nonsense);
    }
    u64::from_str_radix(digits, 16).map_err(|_| Nonsense)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes an answer whole, byte by byte, and cut in two everywhere: always done, always the same.
    fn every_cut(text: &str, status: u16) {
        let whole = text.as_bytes();
        let cuts = (0..=whole.len()).map(|cut| vec![&whole[..cut], &whole[cut..]]);
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        for pieces in cuts.chain([bytes]) {
            let mut answer = Answer::new();
            for piece in &pieces {
                answer.take(piece).unwrap();
            }
            assert!(answer.is_done(), "{pieces:?}");
            assert_eq!(answer.status, Some(status));
        }
    }

    #[test]
    fn a_length_ends_the_body() {
        every_cut("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ncrabs", 200);
        every_cut("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 200);
    }

    #[test]
    fn the_last_chunk_and_the_trailer_end_the_body() {
        every_cut(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncrabs\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            200,
        );
        every_cut(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nDigest: x\r\n\r\n",
            200,
        );
    }

    #[test]
    fn some_answers_have_no_body() {
        every_cut("HTTP/1.1 204 No Content\r\n\r\n", 204);
        every_cut("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304);
    }

    #[test]
    fn an_interim_answer_is_passed_over() {
        every_cut(
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n?",
            404,
        );
    }

    #[test]
    fn without_length_and_chunks_the_connections_end_is_the_bodys() {
        let mut answer = Answer::new();
        answer.take(b"HTTP/1.0 200 OK\r\n\r\ncra").unwrap();
        answer.take(b"bs").unwrap();
        assert!(!answer.is_done());
        assert_eq!(answer.parts, 2, "each arrival is a part");
        answer.close().unwrap();
        assert!(answer.is_done());
    }

    #[test]
    fn chunks_are_the_parts_however_they_arrive() {
        let mut answer = Answer::new();
        answer
            .take(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n2\r\nhi\r\n2\r\nh")
            .unwrap();
        assert_eq!(answer.parts, 2);
        answer.take(b"i").unwrap();
        assert_eq!(answer.parts, 2, "its line break is still to come");
        answer.take(b"\r\n").unwrap();
        assert_eq!(answer.parts, 3);
    }

    #[test]
    fn an_end_in_the_middle_is_not_an_answer() {
        for text in [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ncrab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncrabs\r\n",
        ] {
            let mut answer = Answer::new();
            answer.take(text.as_bytes()).unwrap();
            assert_eq!(answer.close(), Err(Nonsense), "{text:?}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "HTTP/1.1 OK\r\n\r\n",
            "HTTP/1.1 999 What\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiho",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11112222333344445\r\n",
        ] {
            assert_eq!(Answer::new().take(text.as_bytes()), Err(Nonsense), "{text:?}");
        }
        let endless = vec![b'x'; LONGEST_HEAD];
        assert_eq!(Answer::new().take(&endless), Err(Nonsense));
    }
}
