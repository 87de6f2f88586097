//! Watching the frames of a connection as they pass, in both directions: for programs that show a protocol at work.
//!
//! [`Http2::observer`](crate::Http2::observer) is told of each frame that the server reads and writes, under TLS as well: what it sees is what h2 has said, and not what the network carries.
//! [`Observed`] does the same for any stream, a client's for one.
//! A frame is told when its head has passed, nine bytes (RFC 9113, section 4.1); of its payload nothing is looked at or kept.
//!
//! It leaves out what is in the frames. Heads are compressed (HPACK), and whoever wants to read them needs all that came before.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::choose::PREFACE;
use crate::frames::{HEAD, flag, kind};

/// Which way a frame goes, as the side says that watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It was read.
    Read,
    /// It was written.
    Written,
}

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

type Tell = dyn Fn(Direction, &Frame) + Send + Sync;

/// Somebody who is told of each frame. A clone is the same one.
///
/// It is called in the middle of reading and writing, so it should be quick, and must not block.
#[derive(Clone)]
pub struct Observer {
    tell: Arc<Tell>,
}

impl Observer {
    /// One who does this with each frame.
    pub fn new(tell: impl Fn(Direction, &Frame) + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell) }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Observer").finish_non_exhaustive()
    }
}

/// A stream of HTTP/2 whose frames are told to an [`Observer`], if there is one.
#[derive(Debug)]
pub struct Observed<S> {
    stream: S,
    /// Most have none, and cost a look at this.
    watch: Option<Box<Watch>>,
}

#[derive(Debug)]
struct Watch {
    observer: Observer,
    read: Heads,
    written: Heads,
}

impl<S> Observed<S> {
    /// The server's side, of a stream on which nothing was said yet.
    pub fn server(stream: S, observer: Option<Observer>) -> Self {
        Self::new(stream, observer, PREFACE.len(), 0)
    }

    /// The client's side, of a stream on which nothing was said yet.
    pub fn client(stream: S, observer: Option<Observer>) -> Self {
        Self::new(stream, observer, 0, PREFACE.len())
    }

    /// Before the first frame, so many bytes are passed over.
    fn new(stream: S, observer: Option<Observer>, read: usize, written: usize) -> Self {
        let watch = observer.map(|observer| {
            Box::new(Watch { observer, read: Heads::after(read), written: Heads::after(written) })
        });
        Self { stream, watch }
    }
}

impl Watch {
    fn read(&mut self, bytes: &[u8]) {
        self.read.pass(bytes, |frame| (self.observer.tell)(Direction::Read, frame));
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.written.pass(bytes, |frame| (self.observer.tell)(Direction::Written, frame));
    }
}

/// Follows the boundaries of frames in one direction.
#[derive(Debug)]
struct Heads {
    /// What there is of a head that was cut in two.
    head: [u8; HEAD],
    there: usize,
    /// How many bytes there are before the next head.
    left: usize,
}

impl Heads {
    fn after(left: usize) -> Self {
        Self { head: [0; HEAD], there: 0, left }
    }

    fn pass(&mut self, mut bytes: &[u8], mut tell: impl FnMut(&Frame)) {
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = &bytes[skipped..];
            let copied = (HEAD - self.there).min(bytes.len());
            self.head[self.there..self.there + copied].copy_from_slice(&bytes[..copied]);
            self.there += copied;
            bytes = &bytes[copied..];
            if self.there == HEAD {
                let frame = Frame::new(self.head);
                (self.there, self.left) = (0, frame.length);
                tell(&frame);
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Observed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        if let Some(watch) = &mut this.watch {
            watch.read(&buf.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Observed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let count = ready!(Pin::new(&mut this.stream).poll_write(cx, bytes))?;
        if let Some(watch) = &mut this.watch {
            watch.wrote(&bytes[..count]);
        }
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let count = ready!(Pin::new(&mut this.stream).poll_write_vectored(cx, parts))?;
        if let Some(watch) = &mut this.watch {
            let mut left = count;
            for part in parts {
                let written = left.min(part.len());
                watch.wrote(&part[..written]);
                left -= written;
            }
        }
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
