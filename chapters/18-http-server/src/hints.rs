//! Early hints: an informational response, 103, with links that the client may load meanwhile (RFC 8297).
//!
//! hyper takes one response for a request, and it must be the final one. So what stands before it is written past hyper,
//! by the stream that hyper has, when hyper has nothing of its own left to write; and the response waits until that is done.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderValue;

/// The hints that are to be written on a connection: at most one response of them at a time.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    state: AtomicU8,
    bytes: Mutex<Bytes>,
}

const NONE: u8 = 0;
const WAITING: u8 = 1;
const BEGUN: u8 = 2;
const WRITTEN: u8 = 3;

impl Hints {
    /// The next time that hyper has nothing to write, these are written. Until then [`are_waiting`](Self::are_waiting).
    pub(crate) fn push(&self, links: &[HeaderValue]) {
        if links.is_empty() {
            return;
        }
        let mut text = b"HTTP/1.1 103 Early Hints\r\n".to_vec();
        for link in links {
            // A header's value has no control characters in it: that is its type.
            text.extend([b"link: ", link.as_bytes(), b"\r\n"].concat());
        }
        text.extend(b"\r\n");
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) = text.into();
        self.state.store(WAITING, Relaxed);
    }

    /// Whether the response has to wait for them.
    pub(crate) fn are_waiting(&self) -> bool {
        matches!(self.state.load(Relaxed), WAITING | BEGUN)
    }

    /// Whether a part of them is written, so that nothing else may be until the rest is.
    pub(crate) fn are_begun(&self) -> bool {
        self.state.load(Relaxed) == BEGUN
    }

    /// Whether a response that waited need not any more. Tells it once.
    pub(crate) fn are_written(&self) -> bool {
        let written = self.state.load(Relaxed) == WRITTEN;
        if written {
            self.state.store(NONE, Relaxed);
        }
        written
    }

    /// Writes them, if there are any.
    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&mut Context<'_>, &[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        if !self.are_waiting() {
            return Poll::Ready(Ok(()));
        }
        let bytes = &mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            let count = ready!(write(cx, bytes))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            bytes.advance(count);
            self.state.store(BEGUN, Relaxed);
        }
        *bytes = Bytes::new();
        self.state.store(WRITTEN, Relaxed);
        Poll::Ready(Ok(()))
    }
}
