//! Where connections come from, what one goes over, and the one thing that reading and writing do not tell: whether the other side has left.

use std::future::pending;
use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
#[cfg(unix)]
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gateway::{Address, Tls};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, Interest, ReadBuf, Ready};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream, unix::SocketAddr};
use tokio::sync::mpsc;

use crate::config::Config;

/// A stream of bytes, both ways.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Whether [`left`](Self::left) ever returns. Where it does not, the end of the stream has to be read to be seen.
    const WATCHES: bool;

    /// Returns when the client has closed its sending side, or, with `half_close`, when the connection is broken;
    /// also if there are bytes that nobody has read, as far as the kernel has room for them.
    ///
    /// What has not reached the kernel cannot be seen: a client that sends more than fits (some hundred kilobytes over TCP), and leaves
    /// while nobody reads it, is there until the application's next word. If it sends, the client's kernel answers with a reset;
    /// if it receives, it comes to the end. To find out earlier, the server would have to keep a body that nobody may ever want.
    fn left(&self, half_close: bool) -> impl Future<Output = ()> + Send + 'static;

    /// Makes the coming close a reset: what was sent must not be taken for the whole. Unix sockets have no such thing.
    fn reset(&self);

    /// The client's address, and the server's.
    fn addresses(&self) -> (Option<Address>, Option<Address>);

    /// What TLS has agreed on, if the stream is encrypted.
    fn tls(&self) -> Option<Tls> {
        None
    }

    /// Who wants to know whether the connection is idle, which is to say between two requests: it is told in each turn. Default: nobody.
    fn idle(&self) -> impl Fn(bool) + Send + Sync + 'static {
        |_| {}
    }
}

/// Where connections come from.
pub trait Listener: Send + 'static {
    /// What one of them goes over.
    type Stream: Transport;

    /// Waits for the next one. Cancellation safe.
    ///
    /// # Errors
    ///
    /// What the operating system says. The next one may come all the same.
    fn accept(&mut self, config: &Config) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Where it listens.
    fn address(&self) -> Option<Address>;
}

impl Listener for TcpListener {
    type Stream = Tcp;

    async fn accept(&mut self, config: &Config) -> io::Result<Tcp> {
        let (stream, _) = Self::accept(self).await?;
        Ok(Tcp::new(stream, config.unsent))
    }

    fn address(&self) -> Option<Address> {
        self.local_addr().ok().map(Address::Ip)
    }
}

/// For tests: connections in memory. When all senders are gone, none comes any more.
impl Listener for mpsc::UnboundedReceiver<DuplexStream> {
    type Stream = DuplexStream;

    async fn accept(&mut self, _: &Config) -> io::Result<DuplexStream> {
        match self.recv().await {
            Some(stream) => Ok(stream),
            None => pending().await,
        }
    }

    fn address(&self) -> Option<Address> {
        None
    }
}

/// Whoever may write to the socket's file may connect. That file is the caller's: to remove an old one before, and this one afterwards.
#[cfg(unix)]
impl Listener for UnixListener {
    type Stream = Unix;

    async fn accept(&mut self, _: &Config) -> io::Result<Unix> {
        let (stream, _) = Self::accept(self).await?;
        Ok(Unix::new(stream))
    }

    fn address(&self) -> Option<Address> {
        Some(Address::Unix(self.local_addr().ok().and_then(path)))
    }
}

/// So many bytes from several places are written from one: to copy them costs less than the kernel's way with a list of places.
const GATHERED: usize = 1_024;

/// A socket of the kernel's, as a transport. It is shared with what waits for the client to leave.
#[derive(Debug)]
pub struct Socket<S> {
    stream: Arc<S>,
}

/// A TCP connection.
pub type Tcp = Socket<TcpStream>;

/// A connection over a Unix socket.
#[cfg(unix)]
pub type Unix = Socket<UnixStream>;

impl Tcp {
    /// A connection that sends small parts at once (`TCP_NODELAY`), and for which the kernel keeps no more than `unsent` bytes.
    pub fn new(stream: TcpStream, unsent: Option<u32>) -> Self {
        // A socket that cannot be tuned still works, and one that is broken says so when it is read.
        let _ = stream.set_nodelay(true);
        #[cfg(target_os = "linux")]
        if let Some(bytes) = unsent {
            let _ = SockRef::from(&stream).set_tcp_notsent_lowat(bytes);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = unsent;
        Self { stream: Arc::new(stream) }
    }
}

#[cfg(unix)]
impl Unix {
    /// A connection. What the kernel keeps for one is bounded without our doing.
    pub fn new(stream: UnixStream) -> Self {
        Self { stream: Arc::new(stream) }
    }
}

impl<S: Stream> Transport for Socket<S> {
    const WATCHES: bool = cfg!(target_os = "linux");

    // ANCHOR: left
    fn left(&self, half_close: bool) -> impl Future<Output = ()> + Send + 'static {
        let stream = Arc::clone(&self.stream);
        async move {
            // epoll reports the FIN beside the data (EPOLLRDHUP), so this needs no read.
            #[cfg(target_os = "linux")]
            {
                let interest = if half_close { Interest::ERROR } else { Interest::PRIORITY };
                let _ = stream.ready(interest).await;
            }
            #[cfg(not(target_os = "linux"))]
            pending::<()>().await;
        }
    }
    // ANCHOR_END: left

    fn reset(&self) {
        let _ = self.stream.socket().set_linger(Some(Duration::ZERO));
    }

    fn addresses(&self) -> (Option<Address>, Option<Address>) {
        self.stream.addresses()
    }
}

impl<S: Stream> AsyncRead for Socket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let (room, mut read) = (buf.remaining(), 0);
            // A read that leaves room has emptied the socket: to say so spares the read that would find nothing.
            // What comes in between is not lost, as the readiness that is cleared is the one from before the read.
            let result = self.stream.try_io(Interest::READABLE, || {
                read = self.stream.try_read_buf(buf)?;
                if (1..room).contains(&read) {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(())
            });
            match result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && read == 0 => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<S: Stream> AsyncWrite for Socket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            match self.stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if parts.iter().map(|part| part.len()).sum::<usize>() <= GATHERED {
            let mut room = [const { MaybeUninit::uninit() }; GATHERED];
            let mut whole = ReadBuf::uninit(&mut room);
            for part in parts {
                whole.put_slice(part);
            }
            return self.poll_write(cx, whole.filled());
        }
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            match self.stream.try_write_vectored(parts) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.socket().shutdown(Shutdown::Write))
    }
}

/// What Tokio's sockets have in common. There is no trait in Tokio that says it.
trait Stream: Send + Sync + 'static {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn try_io<R>(&self, on: Interest, call: impl FnOnce() -> io::Result<R>) -> io::Result<R>;
    fn try_read_buf(&self, buf: &mut ReadBuf<'_>) -> io::Result<usize>;
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
    fn try_write_vectored(&self, parts: &[io::IoSlice<'_>]) -> io::Result<usize>;
    fn ready(&self, on: Interest) -> impl Future<Output = io::Result<Ready>> + Send;
    fn socket(&self) -> SockRef<'_>;
    fn addresses(&self) -> (Option<Address>, Option<Address>);
}

macro_rules! stream {
    ($stream:ty, $addresses:expr) => {
        impl Stream for $stream {
            fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_read_ready(cx)
            }

            fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_write_ready(cx)
            }

            fn try_io<R>(
                &self,
                on: Interest,
                call: impl FnOnce() -> io::Result<R>,
            ) -> io::Result<R> {
                self.try_io(on, call)
            }

            fn try_read_buf(&self, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
                self.try_read_buf(buf)
            }

            fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.try_write(bytes)
            }

            fn try_write_vectored(&self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
                self.try_write_vectored(parts)
            }

            fn ready(&self, on: Interest) -> impl Future<Output = io::Result<Ready>> + Send {
                self.ready(on)
            }

            fn socket(&self) -> SockRef<'_> {
                SockRef::from(self)
            }

            fn addresses(&self) -> (Option<Address>, Option<Address>) {
                let addresses: fn(&Self) -> (Option<Address>, Option<Address>) = $addresses;
                addresses(self)
            }
        }
    };
}

stream!(TcpStream, |stream| {
    (stream.peer_addr().ok().map(Address::Ip), stream.local_addr().ok().map(Address::Ip))
});

// A client has no name, unless it has taken one; the server's socket is where it listens.
#[cfg(unix)]
stream!(UnixStream, |stream| {
    let client = stream.peer_addr().ok().and_then(path);
    let server = stream.local_addr().ok().and_then(path);
    (client.map(|path| Address::Unix(Some(path))), Some(Address::Unix(server)))
});

#[cfg(unix)]
fn path(address: SocketAddr) -> Option<PathBuf> {
    address.as_pathname().map(Into::into)
}

/// For tests: a connection in memory, where time may be virtual.
impl Transport for DuplexStream {
    const WATCHES: bool = false;

    fn left(&self, _: bool) -> impl Future<Output = ()> + Send + 'static {
        pending()
    }

    fn reset(&self) {}

    fn addresses(&self) -> (Option<Address>, Option<Address>) {
        (None, None)
    }
}
