//! If there was traffic, the time begins anew.
//!
//! caught by: a_byte_from_the_client_gives_more_time

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use executor::{now, sleep, sleep_until};
use futures_io::{AsyncRead, AsyncWrite};

/// No byte has passed for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silent;

/// A stream that takes note when bytes pass.
#[derive(Debug)]
pub struct Watched<S> {
    stream: S,
    /// When a byte passed last.
    passed: Rc<Cell<Duration>>,
}

impl<S> Watched<S> {
    fn note(&self, outcome: &Poll<io::Result<usize>>) {
        if matches!(outcome, Poll::Ready(Ok(1..))) {
            self.passed.set(now());
        }
    }
}

/// Lets `conversation` talk over `stream` until it is done, or until the connection has been silent for `idle`.
///
/// # Errors
///
/// When it was silent.
pub async fn serve<S, H, F>(stream: S, idle: Duration, conversation: H) -> Result<F::Output, Silent>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: FnOnce(Watched<S>) -> F,
    F: Future,
{
    let passed = Rc::new(Cell::new(now()));
    let deadline = || passed.get().saturating_add(idle);
    let mut conversation = pin!(conversation(Watched { stream, passed: Rc::clone(&passed) }));
    let mut timer = pin!(sleep_until(deadline()));
    poll_fn(|context| {
        if let Poll::Ready(output) = conversation.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        while timer.as_mut().poll(context).is_ready() {
            if deadline() <= now() {
                return Poll::Ready(Err(Silent));
            }
            timer.set(sleep(idle));
        }
        Poll::Pending
    })
    .await
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.note(&outcome);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.note(&outcome);
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}
