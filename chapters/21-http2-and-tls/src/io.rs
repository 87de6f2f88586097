//! The stream as h2 has it: the head of each frame that comes passes the [scanner](crate::frames), and bytes are counted.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::frames::{Flood, Frames};

/// What is known of a connection without asking it. All of it is written and read by the connection's one task.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    read: AtomicU64,
    written: AtomicU64,
    blocked: AtomicBool,
    in_headers: AtomicBool,
    flood: AtomicU8,
}

impl Meter {
    /// How many bytes were read.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// How many bytes were written.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    /// Whether the client has no room for what is to be written.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed)
    }

    /// Whether a block of headers has begun that is not whole.
    pub(crate) fn is_in_headers(&self) -> bool {
        self.in_headers.load(Relaxed)
    }

    /// Why nothing more is read.
    pub(crate) fn flood(&self) -> Option<Flood> {
        Flood::from_number(self.flood.load(Relaxed))
    }
}

pub(crate) struct Io<S> {
    stream: S,
    frames: Frames,
    meter: Arc<Meter>,
    /// What was written is not out yet.
    flushing: bool,
}

impl<S> Io<S> {
    pub(crate) fn new(stream: S, frames: Frames, meter: Arc<Meter>) -> Self {
        Self { stream, frames, meter, flushing: false }
    }

    fn wrote(&mut self, polled: &Poll<io::Result<usize>>) {
        self.meter.blocked.store(polled.is_pending(), Relaxed);
        if let Poll::Ready(Ok(count)) = *polled {
            self.meter.written.store(self.meter.written() + count as u64, Relaxed);
            self.frames.wrote(count);
        }
    }
}

impl<S: AsyncWrite + Unpin> Io<S> {
    /// Nothing more is given to TLS while it has bytes that the socket has no room for: it would take up to 64 KiB,
    /// and each would look like one that the client has room for.
    fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.flushing { Pin::new(self).poll_flush(cx) } else { Poll::Ready(Ok(())) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.meter.flood().is_some() {
            // The connection's task has the last word, and looks at the meter after each of h2's turns.
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let came = &buf.filled()[before..];
        this.meter.read.store(this.meter.read() + came.len() as u64, Relaxed);
        let scanned = this.frames.scan(came);
        this.meter.in_headers.store(this.frames.in_headers(), Relaxed);
        if let Err(flood) = scanned {
            this.meter.flood.store(flood as u8, Relaxed);
            buf.set_filled(before);
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Io<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flushed(cx))?;
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flushed(cx))?;
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.wrote(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.flushing = polled.is_pending();
        self.meter.blocked.store(polled.is_pending(), Relaxed);
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
