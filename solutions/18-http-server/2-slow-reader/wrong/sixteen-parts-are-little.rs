//! Sixteen parts wait at most, so memory is bounded.
//!
//! caught by: bytes_count_and_not_parts

use std::io;

use bytes::Bytes;
use gateway::Disconnected;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

/// The two ends of a response's body, between which at most `limit` bytes wait; at least 1.
pub fn body(_limit: u32) -> (BodySender, BodyWriter) {
    let (parts, waiting) = mpsc::channel(16);
    (BodySender { parts }, BodyWriter { parts: waiting })
}

/// The application's end.
#[derive(Debug, Clone)]
pub struct BodySender {
    parts: mpsc::Sender<Bytes>,
}

impl BodySender {
    /// Sends a part, when it fits.
    ///
    /// # Errors
    ///
    /// If the writer is gone.
    pub async fn send(&self, part: Bytes) -> Result<(), Disconnected> {
        self.parts.send(part).await.map_err(|_| Disconnected)
    }
}

/// The connection's end.
#[derive(Debug)]
pub struct BodyWriter {
    parts: mpsc::Receiver<Bytes>,
}

impl BodyWriter {
    /// Writes what is sent until all senders are gone.
    ///
    /// # Errors
    ///
    /// If the stream fails.
    pub async fn write_to<W: AsyncWrite + Unpin>(mut self, stream: &mut W) -> io::Result<()> {
        while let Some(part) = self.parts.recv().await {
            stream.write_all(&part).await?;
            stream.flush().await?;
        }
        Ok(())
    }
}
