//! What is made of reading, writing and waiting: [`copy`] and [`timeout`].
//!
//! It leaves out what the extension traits of the crate `futures-util` have: `read_exact`, `write_all` and many more.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

// ANCHOR: copy
/// Writes to `writer` all that `reader` has, in parts of 8 KiB at most, and returns how many bytes that was.
///
/// No part is read before the last one is written: a writer that is slow makes the reader wait.
/// The writer is flushed at the end, and not closed.
///
/// Not cancellation safe: bytes that were read and not written are lost with the future.
///
/// # Errors
///
/// The first of either. [`io::ErrorKind::WriteZero`] if the writer takes no more.
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut buffer = vec![0; 8 * 1024];
    let mut copied = 0;
    loop {
        let count =
            poll_fn(|context| Pin::new(&mut *reader).poll_read(context, &mut buffer)).await?;
        if count == 0 {
            poll_fn(|context| Pin::new(&mut *writer).poll_flush(context)).await?;
            return Ok(copied);
        }
        write_all(writer, &buffer[..count]).await?;
        copied += count as u64;
    }
}
// ANCHOR_END: copy

/// Writes all of `bytes`.
pub(crate) async fn write_all<W>(writer: &mut W, mut bytes: &[u8]) -> io::Result<()>
where
    W: AsyncWrite + Unpin + ?Sized,
{
    while !bytes.is_empty() {
        match poll_fn(|context| Pin::new(&mut *writer).poll_write(context, bytes)).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = &bytes[count..],
        }
    }
    Ok(())
}

/// Writes all of `bytes`, if the writer takes some of them at least every `time`.
pub(crate) async fn write_all_patiently<W>(
    time: Duration,
    writer: &mut W,
    mut bytes: &[u8],
) -> io::Result<()>
where
    W: AsyncWrite + Unpin + ?Sized,
{
    while !bytes.is_empty() {
        let write = poll_fn(|context| Pin::new(&mut *writer).poll_write(context, bytes));
        match timeout(time, write).await {
            Some(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Some(count) => bytes = &bytes[count?..],
            None => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
    Ok(())
}

// ANCHOR: timeout
/// Waits for `future`, but not longer than `time`, counted from the first poll.
/// `None` if it took too long.
///
/// An output that is there at the deadline is returned.
/// Otherwise the future is dropped before this returns.
pub async fn timeout<F: Future>(time: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut sleep = pin!(executor::sleep(time));
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        sleep.as_mut().poll(context).map(|()| None)
    })
    .await
}
// ANCHOR_END: timeout

#[cfg(test)]
mod tests {
    use std::task::{Context, ready};

    use executor::{Ebb, Sleep, now, sleep};
    use proctor::{expect_eq, watch};

    use super::*;

    /// A client that makes room for one byte every four seconds.
    struct Slow {
        room: Pin<Box<Sleep>>,
        taken: usize,
    }

    const FOUR_SECONDS: Duration = Duration::from_secs(4);

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            _bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            ready!(self.room.as_mut().poll(context));
            self.room = Box::pin(sleep(FOUR_SECONDS));
            self.taken += 1;
            Poll::Ready(Ok(1))
        }

        fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// How the writing of ten bytes to the slow client ends, when, and how many it took.
    fn with_patience(seconds: u64) -> (Option<io::ErrorKind>, u64, usize) {
        Ebb::with_virtual_clock().block_on(async {
            let mut slow = Slow { room: Box::pin(sleep(FOUR_SECONDS)), taken: 0 };
            let time = Duration::from_secs(seconds);
            let written = write_all_patiently(time, &mut slow, &[0; 10]).await;
            (written.err().map(|error| error.kind()), now().as_secs(), slow.taken)
        })
    }

    #[test]
    fn a_client_who_takes_a_byte_now_and_then_is_not_late() {
        watch(|| expect_eq!(with_patience(5), (None, 40, 10), "error, seconds, bytes"));
    }

    #[test]
    fn a_client_who_takes_nothing_for_too_long_is_late() {
        let late = Some(io::ErrorKind::TimedOut);
        watch(move || expect_eq!(with_patience(3), (late, 3, 0), "error, seconds, bytes"));
    }
}
