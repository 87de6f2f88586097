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
use crate::frames::{Frame, Heads};

/// Which way a frame goes, as the side says that watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It was read.
    Read,
    /// It was written.
    Written,
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
        tell(&mut self.read, bytes, &self.observer, Direction::Read);
    }

    fn wrote(&mut self, bytes: &[u8]) {
        tell(&mut self.written, bytes, &self.observer, Direction::Written);
    }
}

/// Tells of each frame whose head ends in `bytes`.
fn tell(heads: &mut Heads, mut bytes: &[u8], observer: &Observer, direction: Direction) {
    while let Some(frame) = heads.next(&mut bytes) {
        (observer.tell)(direction, &frame);
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
