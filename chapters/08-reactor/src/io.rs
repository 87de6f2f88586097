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

// ANCHOR: timeout
/// Waits for `future`, but not longer than `time`, counted from the first poll. `None` if it took too long.
///
/// An output that is there at the deadline is returned. Otherwise the future is dropped before this returns.
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
