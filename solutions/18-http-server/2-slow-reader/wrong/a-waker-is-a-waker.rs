//! A waker that is in the queue already need not be put there again.
//!
//! caught by: who_waits_is_woken_where_it_waits

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

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
    tickets: u64,
    queue: VecDeque<(u64, Waker)>,
    writer: Option<Waker>,
}

impl State {
    fn wake_first(&self) {
        if let Some((_, waker)) = self.queue.front() {
            waker.wake_by_ref();
        }
    }

    fn wake_writer(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }
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
        state.wake_writer();
    }
}

impl BodySender {
    /// Sends a part, when it fits.
    ///
    /// # Errors
    ///
    /// If the writer is gone.
    pub async fn send(&self, part: Bytes) -> Result<(), Disconnected> {
        Sending { shared: &self.shared, part, ticket: None }.await
    }
}

struct Sending<'a> {
    shared: &'a Shared,
    part: Bytes,
    ticket: Option<u64>,
}

impl Future for Sending<'_> {
    type Output = Result<(), Disconnected>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = this.shared.lock();
        if state.closed {
            return Poll::Ready(Err(Disconnected));
        }
        let first = state.queue.front().map(|(ticket, _)| *ticket);
        let is_first = first == this.ticket;
        if is_first && (state.waiting == 0 || state.waiting + this.part.len() <= state.limit) {
            if this.ticket.take().is_some() {
                state.queue.pop_front();
            }
            state.waiting += this.part.len();
            state.parts.push_back(mem::take(&mut this.part));
            state.wake_writer();
            state.wake_first();
            return Poll::Ready(Ok(()));
        }
        if this.ticket.is_none() {
            let ticket = state.tickets;
            state.tickets += 1;
            state.queue.push_back((ticket, context.waker().clone()));
            this.ticket = Some(ticket);
        }
        Poll::Pending
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if let Some(mine) = self.ticket {
            let mut state = self.shared.lock();
            state.queue.retain(|(ticket, _)| *ticket != mine);
            state.wake_first();
        }
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
                state.wake_first();
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
        let queue = mem::take(&mut state.queue);
        drop(state);
        queue.into_iter().for_each(|(_, waker)| waker.wake());
    }
}
