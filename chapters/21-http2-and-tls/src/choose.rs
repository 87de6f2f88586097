//! HTTP/1 and HTTP/2 on one port: told apart by the first bytes.
//!
//! A client of HTTP/2 begins with [24 bytes](PREFACE) that no request of HTTP/1 begins with. What is read to see that is handed on with the stream, by a [`Rewind`].
//! Over TLS, ALPN has chosen, and nothing needs to be read.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gateway::{Address, Tls};
use http_server::Transport;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::timeout;

/// What a client of HTTP/2 begins with (RFC 9113, section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0 or HTTP/1.1; or something else, which the server of these refuses.
    Http1,
    /// HTTP/2.
    Http2,
}

// ANCHOR: judge
/// What a client speaks that has said this; `None` as long as it may be either.
pub fn judge(said: &[u8]) -> Option<Protocol> {
    if said.starts_with(PREFACE) {
        Some(Protocol::Http2)
    } else if PREFACE.starts_with(said) {
        None
    } else {
        Some(Protocol::Http1)
    }
}
// ANCHOR_END: judge

/// Waits for the first bytes, and says what the client speaks. None if it says nothing in time, or leaves, or `closing` is ready before it has said anything.
///
/// It has `first_byte` for the first byte, and `rest` for those that it takes to tell.
pub async fn choose<S: AsyncRead + Unpin>(
    mut stream: S,
    first_byte: Duration,
    rest: Duration,
    closing: impl Future<Output = ()>,
) -> Option<(Protocol, Rewind<S>)> {
    let mut said = [0; PREFACE.len()];
    let first = async {
        tokio::select! {
            // What the client has said before the server's end is answered, so this comes first.
            biased;
            count = stream.read(&mut said) => count,
            () = closing => Ok(0),
        }
    };
    let mut there = timeout(first_byte, first).await.ok()?.ok().filter(|&count| count > 0)?;
    let more = async {
        loop {
            if let Some(protocol) = judge(&said[..there]) {
                return Some(protocol);
            }
            let count = stream.read(&mut said[there..]).await.ok()?;
            if count == 0 {
                return None;
            }
            there += count;
        }
    };
    let protocol = timeout(rest, more).await.ok()??;
    let heard = Bytes::copy_from_slice(&said[..there]);
    Some((protocol, Rewind { heard, stream }))
}

/// A stream of which the beginning was read, and is read again.
#[derive(Debug)]
pub struct Rewind<S> {
    heard: Bytes,
    stream: S,
}

impl<S> Rewind<S> {
    /// What was read of it, and the stream behind that.
    pub fn into_parts(self) -> (Bytes, S) {
        (self.heard, self.stream)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.heard.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let count = self.heard.len().min(buf.remaining());
        buf.put_slice(&self.heard.split_to(count));
        if self.heard.is_empty() {
            self.heard = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewind<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Transport> Transport for Rewind<S> {
    const WATCHES: bool = S::WATCHES;

    fn left(&self, half_close: bool) -> impl Future<Output = ()> + Send + 'static {
        self.stream.left(half_close)
    }

    fn reset(&self) {
        self.stream.reset();
    }

    fn addresses(&self) -> (Option<Address>, Option<Address>) {
        self.stream.addresses()
    }

    fn tls(&self) -> Option<Tls> {
        self.stream.tls()
    }

    fn idle(&self) -> impl Fn(bool) + Send + Sync + 'static {
        self.stream.idle()
    }
}
