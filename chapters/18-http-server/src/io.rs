//! The stream as hyper has it: each byte read passes the [scanner](crate::scan), and each byte written is counted.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::calls::Wire;
use crate::hints::Hints;
use crate::scan::{Phase, Refusal, Scanner};

/// What is known of a connection without asking it. All of it is written and read by the connection's one task.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    phase: AtomicU8,
    heads: AtomicU64,
    refusal: AtomicU8,
    read: AtomicU64,
    written: AtomicU64,
    waiting: AtomicUsize,
    blocked: AtomicBool,
    starved: AtomicBool,
    enough: AtomicUsize,
    pub(crate) hints: Hints,
}

impl Meter {
    /// Of a connection on which so many heads have passed.
    pub(crate) fn after(heads: u64) -> Self {
        Self { heads: AtomicU64::new(heads), ..Self::default() }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Body,
        }
    }

    /// How many heads have passed.
    pub(crate) fn heads(&self) -> u64 {
        self.heads.load(Relaxed)
    }

    /// Why nothing more is read.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        Refusal::from_number(self.refusal.load(Relaxed))
    }

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

    /// Whether no more than that waits to be written. If not, that is remembered.
    pub(crate) fn waits_for(&self, most: usize) -> bool {
        let enough = self.waiting.load(Relaxed) <= most;
        if !enough {
            self.starved.store(true, Relaxed);
            self.enough.store(most, Relaxed);
        }
        enough
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_flushed(&self) -> bool {
        self.waiting.load(Relaxed) == 0
    }

    /// hyper has another part. What stands around a part on the wire is counted with it.
    pub(crate) fn spend(&self, bytes: usize) {
        const FRAME: usize = 16;
        let waiting = self.waiting.load(Relaxed);
        self.waiting.store(waiting.saturating_add(bytes.saturating_add(FRAME)), Relaxed);
    }

    /// Whether a response that waited for others to be written need not any more. Tells it once.
    pub(crate) fn is_relieved(&self) -> bool {
        if self.hints.are_written() {
            return true;
        }
        if !self.starved.load(Relaxed) {
            return false;
        }
        let relieved = self.waiting.load(Relaxed) <= self.enough.load(Relaxed);
        self.starved.store(!relieved, Relaxed);
        relieved
    }

    fn wrote(&self, polled: &Poll<io::Result<usize>>) {
        self.blocked.store(polled.is_pending(), Relaxed);
        if let Poll::Ready(Ok(count)) = *polled {
            self.written.store(self.written() + count as u64, Relaxed);
            let waiting = self.waiting.load(Relaxed);
            self.waiting.store(waiting.saturating_sub(count), Relaxed);
        }
    }
}

pub(crate) struct Io<S> {
    pub(crate) stream: S,
    /// What was read already, by whoever had the stream before.
    heard: Bytes,
    /// What was read and is refused. Where another protocol is spoken from here on, it is none of HTTP's.
    pub(crate) held: Bytes,
    scanner: Scanner,
    wire: Arc<Wire>,
    /// What was written is not out yet.
    flushing: bool,
}

impl<S> Io<S> {
    pub(crate) fn new(stream: S, heard: Bytes, scanner: Scanner, wire: Arc<Wire>) -> Self {
        Self { stream, heard, held: Bytes::new(), scanner, wire, flushing: false }
    }
}

impl<S: AsyncWrite + Unpin> Io<S> {
    /// Writes the hints that wait.
    fn poll_hints(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, wire, .. } = self;
        let meter = &wire.meter;
        meter.hints.poll_write(cx, |cx, bytes| {
            let polled = Pin::new(&mut *stream).poll_write(cx, bytes);
            meter.wrote(&polled);
            polled
        })
    }

    /// hyper does not know of the hints: what it has to write meanwhile (100, as the application reads) comes behind them.
    /// And TLS gets nothing more while it has bytes that the socket has no room for: it would take up to 64 KiB,
    /// and each would look like one that the client has room for.
    fn poll_free(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.flushing {
            ready!(self.poll_out(cx))?;
        }
        if self.wire.meter.hints.are_begun() { self.poll_hints(cx) } else { Poll::Ready(Ok(())) }
    }

    /// Has the stream give away what it has taken.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.flushing = polled.is_pending();
        self.wire.meter.blocked.store(polled.is_pending(), Relaxed);
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.scanner.refusal().is_some() {
            // The connection's task has the last word, and looks at the meter after each of hyper's turns.
            return Poll::Pending;
        }
        let before = buf.filled().len();
        if this.heard.is_empty() {
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        } else {
            let count = this.heard.len().min(buf.remaining());
            buf.put_slice(&this.heard.split_to(count));
        }
        let came = &buf.filled()[before..];
        if came.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let there = came.len();
        let passed = this.scanner.scan(came);
        let meter = &this.wire.meter;
        meter.read.store(meter.read() + there as u64, Relaxed);
        meter.phase.store(this.scanner.phase() as u8, Relaxed);
        meter.heads.store(this.scanner.heads(), Relaxed);
        if let Some(refusal) = this.scanner.refusal() {
            meter.refusal.store(refusal as u8, Relaxed);
            this.held = Bytes::copy_from_slice(&came[passed..]);
            buf.set_filled(before + passed);
            if passed == 0 {
                return Poll::Pending;
            }
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
        ready!(self.poll_free(cx))?;
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wire.meter.wrote(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_free(cx))?;
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.wire.meter.wrote(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it has nothing left to write.
        let this = &mut *self;
        this.wire.meter.waiting.store(0, Relaxed);
        ready!(this.poll_hints(cx))?;
        // As long as TLS has any, the connection is not idle.
        this.poll_out(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
