//! When all is written, the stream is shut down, so that the client sees the end.
//!
//! caught by: what_is_written_is_flushed_before_the_next_wait

use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use gateway::Disconnected;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};

/// The two ends of a response's body, between which at most `limit` bytes wait; at least 1.
pub fn body(limit: u32) -> (BodySender, BodyWriter) {
    let credit = Credit { limit, left: Arc::new(Semaphore::new(limit as usize)) };
    let (parts, waiting) = mpsc::unbounded_channel();
    (BodySender { credit: credit.clone(), parts }, BodyWriter { credit, parts: waiting })
}
/// How many bytes may still go in. A permit is a byte.
#[derive(Debug, Clone)]
struct Credit {
    limit: u32,
    left: Arc<Semaphore>,
}

impl Credit {
    /// What a part costs of which so many bytes wait: a long one all there is.
    fn cost(&self, bytes: usize) -> u32 {
        u32::try_from(bytes).map_or(self.limit, |bytes| bytes.min(self.limit))
    }
}

/// The application's end.
#[derive(Debug, Clone)]
pub struct BodySender {
    credit: Credit,
    parts: mpsc::UnboundedSender<Bytes>,
}
impl BodySender {
    /// Sends a part, when it fits.
    ///
    /// Cancellation safe: a `send` that is dropped before it returns has not sent anything.
    ///
    /// # Errors
    ///
    /// If the writer is gone.
    pub async fn send(&self, part: Bytes) -> Result<(), Disconnected> {
        let cost = self.credit.cost(part.len());
        let paid = self.credit.left.acquire_many(cost).await.map_err(|_| Disconnected)?;
        paid.forget();
        self.parts.send(part).map_err(|_| Disconnected)
    }
}

/// The connection's end.
#[derive(Debug)]
pub struct BodyWriter {
    credit: Credit,
    parts: mpsc::UnboundedReceiver<Bytes>,
}
impl BodyWriter {
    /// Writes what is sent until all senders are gone.
    ///
    /// # Errors
    ///
    /// If the stream fails.
    pub async fn write_to<W: AsyncWrite + Unpin>(mut self, stream: &mut W) -> io::Result<()> {
        loop {
            let next = if let Ok(part) = self.parts.try_recv() {
                Some(part)
            } else {
                stream.flush().await?;
                self.parts.recv().await
            };
            let Some(mut part) = next else { return stream.shutdown().await };
            while part.has_remaining() {
                let cost = self.credit.cost(part.len());
                let written = stream.write(&part).await?;
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                part.advance(written);
                let given_back = cost - self.credit.cost(part.len());
                self.credit.left.add_permits(given_back as usize);
            }
        }
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        self.credit.left.close();
    }
}
