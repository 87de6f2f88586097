//! The first of those who wait is woken, and wakes the next when it has gone in.
//!
//! caught by: one_who_gives_up_keeps_nobody_out

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;
use gateway::Disconnected;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The two ends of a response's body, between which at most `limit` bytes wait; at least 1.
pub fn body(limit: u32) -> (BodySender, BodyWriter) {
    let state = State { limit: limit as usize, senders: 1, ..State::default() };
    let shared = Shared(Arc::new(Mutex::new(state)));
    (BodySender { shared: shared.clone() }, BodyWriter { shared })
}

#[derive(Debug, Default)]
struct State {
    limit: usize,
    waiting: usize,
    parts: VecDeque<Bytes>,
    senders: usize,
    closed: bool,
    room: VecDeque<Waker>,
    writer: Option<Waker>,
}

#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The application's end.
#[derive(Debug)]
pub struct BodySender {
    shared: Shared,
}

impl Clone for BodySender {
    fn clone(&self) -> Self {
        self.shared.lock().senders += 1;
        Self { shared: self.shared.clone() }
    }
}

impl Drop for BodySender {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.senders -= 1;
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
    }
}

impl BodySender {
    /// Sends a part, when it fits.
    ///
    /// # Errors
    ///
    /// If the writer is gone.
    pub async fn send(&self, mut part: Bytes) -> Result<(), Disconnected> {
        let mut woken = false;
        poll_fn(|context| {
            let mut state = self.shared.lock();
            if state.closed {
                return Poll::Ready(Err(Disconnected));
            }
            if (state.room.is_empty() || woken)
                && (state.waiting == 0 || state.waiting + part.len() <= state.limit)
            {
                state.waiting += part.len();
                state.parts.push_back(std::mem::take(&mut part));
                if let Some(writer) = state.writer.take() {
                    writer.wake();
                }
                if let Some(next) = state.room.pop_front() {
                    next.wake();
                }
                return Poll::Ready(Ok(()));
            }
            woken = true;
            state.room.push_back(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// The connection's end.
#[derive(Debug)]
pub struct BodyWriter {
    shared: Shared,
}

impl BodyWriter {
    /// Writes what is sent until all senders are gone.
    ///
    /// # Errors
    ///
    /// If the stream fails.
    pub async fn write_to<W: AsyncWrite + Unpin>(self, stream: &mut W) -> io::Result<()> {
        loop {
            let next = self.shared.lock().parts.pop_front();
            let next = match next {
                Some(part) => Some(part),
                None => {
                    stream.flush().await?;
                    self.next().await
                }
            };
            let Some(mut part) = next else { return Ok(()) };
            while !part.is_empty() {
                let written = stream.write(&part).await?;
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                drop(part.split_to(written));
                let mut state = self.shared.lock();
                state.waiting -= written;
                if let Some(first) = state.room.pop_front() {
                    first.wake();
                }
            }
        }
    }

    async fn next(&self) -> Option<Bytes> {
        poll_fn(|context| {
            let mut state = self.shared.lock();
            match state.parts.pop_front() {
                Some(part) => Poll::Ready(Some(part)),
                None if state.senders == 0 => Poll::Ready(None),
                None => {
                    state.writer = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.parts.clear();
        state.room.drain(..).for_each(Waker::wake);
    }
}
