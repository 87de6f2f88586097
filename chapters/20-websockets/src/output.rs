//! What is on its way to the client: bytes, and one long payload that is written from where it is.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use gateway::Message;
use tokio::io::AsyncWrite;

/// A payload of so many bytes is not copied: a system call more costs less.
pub(crate) const LONG: usize = 16 * 1024;

/// A payload that is not among the other bytes.
pub(crate) struct Apart {
    /// How many bytes of the others come before it.
    pub(crate) at: usize,
    pub(crate) message: Message,
}

impl Apart {
    pub(crate) fn payload(&self) -> &[u8] {
        match &self.message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
        }
    }
}

/// What is being written.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
    pub(crate) apart: Option<Box<Apart>>,
    written: usize,
}

impl Output {
    /// Whether there is something in it, written or not.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether all of it is written.
    pub(crate) fn is_written(&self) -> bool {
        let apart = self.apart.as_ref().map_or(0, |apart| apart.payload().len());
        self.written == self.bytes.len() + apart
    }

    /// Nothing is in it any more, but for its memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.apart = None;
        self.written = 0;
    }

    /// Writes some of it.
    pub(crate) fn poll_write<S: AsyncWrite>(
        &mut self,
        stream: Pin<&mut S>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let polled = match &self.apart {
            None => stream.poll_write(cx, &self.bytes[self.written..]),
            Some(apart) => {
                let (before, after) = self.bytes.split_at(apart.at);
                let mut passed = self.written;
                let parts = [before, apart.payload(), after].map(|part| {
                    let (_, rest) = part.split_at(passed.min(part.len()));
                    passed -= part.len() - rest.len();
                    IoSlice::new(rest)
                });
                stream.poll_write_vectored(cx, &parts)
            }
        };
        if let Poll::Ready(Ok(count)) = polled {
            self.written += count;
        }
        polled
    }
}
