//! The client's end of a connection, which says what frames of HTTP/2 pass, in both directions.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

pub struct Tap<S> {
    stream: S,
    out: Direction,
    back: Direction,
}

impl<S> Tap<S> {
    pub fn new(stream: S) -> Self {
        let began = Instant::now();
        let out = Direction { who: "Ada", preface: true, bytes: Vec::new(), began };
        let back = Direction { who: "server", preface: false, bytes: Vec::new(), began };
        Self { stream, out, back }
    }
}

struct Direction {
    who: &'static str,
    /// 24 bytes are to come first.
    preface: bool,
    bytes: Vec<u8>,
    began: Instant,
}

impl Direction {
    // ANCHOR: pass
    fn pass(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.preface && self.bytes.len() >= 24 {
            self.bytes.drain(..24);
            self.preface = false;
            self.tell("the preface", 24, 0, "");
        }
        while let Some((head, rest)) = self.bytes.split_first_chunk::<9>() {
            let [a, b, c, kind, flags, stream @ ..] = *head;
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            let Some(payload) = rest.get(..length) else { break };
            let (name, note) = describe(kind, flags, payload);
            self.tell(name, 9 + length, u32::from_be_bytes(stream), &note);
            self.bytes.drain(..9 + length);
        }
    }
    // ANCHOR_END: pass

    fn tell(&self, what: &str, length: usize, stream: u32, note: &str) {
        let (after, who) = (self.began.elapsed().as_secs(), self.who);
        let stream = if stream == 0 { String::new() } else { format!("stream {stream}") };
        let line =
            format!("{after:>3} s  {who:<6}  {what:<13} {length:>4} bytes  {stream:<8}  {note}");
        println!("{}", line.trim_end());
    }
}

/// What a frame is called, and what is to be said of it (RFC 9113, section 6).
fn describe(kind: u8, flags: u8, payload: &[u8]) -> (&'static str, String) {
    let number = payload.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let name = match kind {
        0 => "DATA",
        1 => "HEADERS",
        3 => "RST_STREAM",
        4 => "SETTINGS",
        6 => "PING",
        7 => "GOAWAY",
        8 => "WINDOW_UPDATE",
        _ => "another",
    };
    let note = match kind {
        0 | 1 if flags & 1 == 1 => "END_STREAM".to_owned(),
        4 | 6 if flags & 1 == 1 => "ACK".to_owned(),
        3 => format!("{:?}", h2::Reason::from(number)),
        7 => format!("the last is stream {number}"),
        8 => format!("{number} more"),
        _ => String::new(),
    };
    (name, note)
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.back.pass(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.out.pass(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
