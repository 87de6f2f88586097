//! Each byte sets an alarm, which looks whether another byte has come.
//!
//! caught by: a_connection_has_one_timer

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::{sleep, spawn, yield_now};
use futures_io::{AsyncRead, AsyncWrite};

/// No byte has passed for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silent;

/// A stream that takes note when bytes pass.
pub struct Watched<S> {
    stream: S,
    alarm: Rc<Alarm>,
}

struct Alarm {
    idle: Duration,
    /// How often bytes have passed; `MAX` after silence.
    passed: Cell<usize>,
    silent: Cell<Option<Waker>>,
}

fn set(alarm: &Rc<Alarm>) {
    let alarm = Rc::clone(alarm);
    let before = alarm.passed.get();
    let _ = spawn(async move {
        sleep(alarm.idle).await;
        // A byte at the very deadline has its turn first.
        yield_now().await;
        if alarm.passed.get() == before {
            alarm.passed.set(usize::MAX);
            alarm.silent.take().inspect(Waker::wake_by_ref);
        }
    });
}

impl<S> Watched<S> {
    fn note(&self, outcome: &Poll<io::Result<usize>>) {
        if matches!(outcome, Poll::Ready(Ok(1..))) {
            self.alarm.passed.set(self.alarm.passed.get() + 1);
            set(&self.alarm);
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
    let alarm = Rc::new(Alarm { idle, passed: Cell::new(0), silent: Cell::new(None) });
    set(&alarm);
    let watched = Watched { stream, alarm: Rc::clone(&alarm) };
    let mut conversation = pin!(conversation(watched));
    poll_fn(|context| {
        if let Poll::Ready(output) = conversation.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        if alarm.passed.get() == usize::MAX {
            return Poll::Ready(Err(Silent));
        }
        alarm.silent.set(Some(context.waker().clone()));
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
