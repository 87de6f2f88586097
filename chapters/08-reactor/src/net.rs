//! TCP: listeners, streams, and the two halves of a stream.
//!
//! Streams implement [`AsyncRead`] and [`AsyncWrite`] of the `futures` crates, and so does a shared reference to one:
//! a task that reads and a task that writes may hold the same stream.
//!
//! It leaves out names: an address is an IP address and a port, since looking up a name blocks the thread.

use std::io::{self, IoSlice, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use socket2::{Domain, Socket, Type};

use crate::source::{Direction, Source};

// ANCHOR: listener
/// A socket to which clients connect.
#[derive(Debug)]
pub struct TcpListener {
    source: Source<net::TcpListener>,
}

impl TcpListener {
    /// Listens at `address`, with a queue of 4,096 clients if the kernel allows it.
    ///
    /// # Errors
    ///
    /// What the operating system says: the address is in use, or is none of this machine's.
    ///
    /// # Panics
    ///
    /// Where there is no reactor, as [`Source::new`].
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::from_std(event_loop::server::listen(address)?)
    }

    /// Takes over a listener that somebody has made.
    ///
    /// # Errors
    ///
    /// When it cannot be registered.
    ///
    /// # Panics
    ///
    /// As [`bind`](Self::bind).
    pub fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { source: Source::new(listener)? })
    }

    /// Waits for the next client.
    ///
    /// Cancellation safe: a client that was not returned is still in the queue.
    ///
    /// # Errors
    ///
    /// Most are about one client or about the moment: a client that left (`ECONNABORTED`), no descriptor left (`EMFILE`).
    /// The listener is as good as before. After the latter, wait before asking again, since the client is still in the queue.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        std::future::poll_fn(|context| self.poll_accept(context)).await
    }

    /// [`accept`](Self::accept) as one poll.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn poll_accept(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = self.source.poll_io(Direction::Read, context, net::TcpListener::accept);
        accepted.map(|accepted| {
            let (stream, client) = accepted?;
            Ok((TcpStream::from_std(stream)?, client))
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }
}
// ANCHOR_END: listener

// ANCHOR: stream
/// A connection.
#[derive(Debug)]
pub struct TcpStream {
    source: Source<net::TcpStream>,
}
// ANCHOR_END: stream

impl TcpStream {
    // ANCHOR: connect
    /// Connects to `address`.
    ///
    /// Dropping the future gives the connection up.
    ///
    /// # Errors
    ///
    /// What the operating system says: nobody listens there, or nobody answers.
    ///
    /// # Panics
    ///
    /// Where there is no reactor, as [`Source::new`].
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            Err(error) if !is_in_progress(&error) => return Err(error),
            _ => {}
        }
        let stream = Self { source: Source::new(socket.into())? };
        // A socket that is being connected becomes writable when that has succeeded or failed.
        std::future::poll_fn(|context| {
            stream.source.poll_io(Direction::Write, context, |socket| {
                if let Some(error) = socket.take_error()? {
                    return Err(error);
                }
                // Without a peer and without an error it is still on its way.
                match socket.peer_addr() {
                    Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                        Err(io::ErrorKind::WouldBlock.into())
                    }
                    other => other,
                }
            })
        })
        .await?;
        Ok(stream)
    }
    // ANCHOR_END: connect

    /// Takes over a stream that somebody has made.
    ///
    /// # Errors
    ///
    /// When it cannot be registered.
    ///
    /// # Panics
    ///
    /// Where there is no reactor, as [`Source::new`].
    pub fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { source: Source::new(stream)? })
    }

    /// The socket itself, for its options.
    pub fn get_ref(&self) -> &net::TcpStream {
        self.source.get_ref()
    }

    /// Two halves, which may be held by two tasks of this thread.
    pub fn split(self) -> (ReadHalf, WriteHalf) {
        let stream = Rc::new(self);
        (ReadHalf(Rc::clone(&stream)), WriteHalf(stream))
    }
}

#[cfg(unix)]
fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

#[cfg(not(unix))]
fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

// ANCHOR: read
impl AsyncRead for &TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = self.source.poll_io(Direction::Read, context, |mut socket| socket.read(buffer));
        if let Poll::Ready(Ok(count)) = read
            && (1..buffer.len()).contains(&count)
        {
            self.source.was_short();
        }
        read
    }
}

impl AsyncWrite for &TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_io(Direction::Write, context, |mut socket| socket.write(bytes))
    }
    // ANCHOR_END: read

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_io(Direction::Write, context, |mut socket| socket.write_vectored(buffers))
    }

    // ANCHOR: read
    /// Nothing is kept back, so there is nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// A half-close: the peer reads the end, and may go on sending.
    fn poll_close(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match self.source.get_ref().shutdown(Shutdown::Write) {
            // The peer has closed or reset the connection before.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            other => other,
        })
    }
}
// ANCHOR_END: read

/// Has each of the types read by way of the `&TcpStream` that the expression gives.
macro_rules! reads_by {
    ($type:ty, $this:ident => $stream:expr) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                let $this = self;
                Pin::new(&mut $stream).poll_read(context, buffer)
            }
        }
    };
}

macro_rules! writes_by {
    ($type:ty, $this:ident => $stream:expr) => {
        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let $this = self;
                Pin::new(&mut $stream).poll_write(context, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let $this = self;
                Pin::new(&mut $stream).poll_write_vectored(context, buffers)
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = self;
                Pin::new(&mut $stream).poll_flush(context)
            }

            fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = self;
                Pin::new(&mut $stream).poll_close(context)
            }
        }
    };
}

/// The half of a stream that is read.
#[derive(Debug)]
pub struct ReadHalf(Rc<TcpStream>);

/// The half of a stream that is written. Dropping it does not close it: the connection ends when both halves are gone.
#[derive(Debug)]
pub struct WriteHalf(Rc<TcpStream>);

reads_by!(TcpStream, this => &*this);
reads_by!(ReadHalf, this => &*this.0);
writes_by!(TcpStream, this => &*this);
writes_by!(WriteHalf, this => &*this.0);
