#![doc = include_str!("../README.md")]

use std::io;

use bytes::Bytes;
use gateway::Disconnected;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The two ends of a response's body, between which at most `limit` bytes wait; at least 1.
pub fn body(limit: u32) -> (BodySender, BodyWriter) {
    todo!("make what they share")
}

/// The application's end.
#[derive(Debug, Clone)]
pub struct BodySender {
    // Yours to fill.
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
        todo!("wait until it fits, and put it in")
    }
}

/// The connection's end.
#[derive(Debug)]
pub struct BodyWriter {
    // Yours to fill.
}

impl BodyWriter {
    /// Writes what is sent until all senders are gone.
    ///
    /// # Errors
    ///
    /// If the stream fails.
    pub async fn write_to<W: AsyncWrite + Unpin>(self, stream: &mut W) -> io::Result<()> {
        todo!("write, and say that there is room")
    }
}
