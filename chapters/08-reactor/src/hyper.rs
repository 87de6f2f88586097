//! hyper on Ebb: what hyper asks of a runtime, and chapter 2's application as one of hyper's services.
//!
//! hyper speaks HTTP and knows no runtime. It reads and writes by traits of its own, which [`Io`] has for every stream
//! of the `futures` crates, and asks a timer for its time-outs, which is [`Timer`]. There is no unsafe code in between:
//! the price is that what is read is copied once.
//!
//! It leaves out an executor for hyper's own tasks, which HTTP/2 would need.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use ::hyper::rt;
use ::hyper::server::conn::http1;
use event_loop::Service;
use futures_io::{AsyncRead, AsyncWrite};

use crate::{TcpListener, TcpStream, now, sleep, sleep_until, spawn};

pub mod wsgi;

use self::wsgi::Site;

// ANCHOR: read
/// A stream of the `futures` crates, as hyper wants it.
#[derive(Debug)]
pub struct Io<T>(pub T);

impl<T: AsyncRead + Unpin> rt::Read for Io<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut room: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // hyper's buffer is not initialized, and only unsafe code could read into it.
        let mut buffer = [0; 8 * 1024];
        let most = buffer.len().min(room.remaining());
        let count = ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer[..most]))?;
        room.put_slice(&buffer[..count]);
        Poll::Ready(Ok(()))
    }
}
// ANCHOR_END: read

// ANCHOR: write
impl<T: AsyncWrite + Unpin> rt::Write for Io<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }
    // ANCHOR_END: write

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, buffers)
    }

    // ANCHOR: write
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}
// ANCHOR_END: write

// ANCHOR: timer
/// Ebb's clock, as hyper wants it.
///
/// hyper counts in [`Instant`]s and Ebb in the time since the executor was made, so the timer keeps the instant at
/// which that began. On a virtual clock it is as good as any other.
#[derive(Debug, Clone, Copy)]
pub struct Timer {
    start: Instant,
}

impl Timer {
    /// A timer of the present executor.
    ///
    /// # Panics
    ///
    /// Outside of [`Ebb::block_on`](crate::Ebb::block_on).
    #[track_caller]
    pub fn new() -> Self {
        let (here, now) = (Instant::now(), now());
        Self { start: here.checked_sub(now).unwrap_or(here) }
    }
}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        let deadline = deadline.saturating_duration_since(self.start);
        Box::pin(Sleep(sleep_until(deadline)))
    }

    fn now(&self) -> Instant {
        self.start + now()
    }
}

/// hyper wants a sleep that could go to another thread. Ours can: it holds a deadline and the timer's number,
/// and finds the timer by the thread on which it is polled. On another thread than its executor's that is none.
struct Sleep(crate::Sleep);

impl rt::Sleep for Sleep {}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context)
    }
}
// ANCHOR_END: timer

impl Default for Timer {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: serve
/// Serves `service` by way of hyper to whoever connects, each in a task of their own, for ever.
pub async fn serve(listener: &TcpListener, service: Rc<Service>) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => {
                let service = Rc::clone(&service);
                drop(spawn(async move {
                    if let Err(error) = serve_connection(stream, Rc::clone(&service)).await {
                        service.config().errors.report(&format!("{client}: {error}"));
                    }
                }));
            }
            Err(error) => {
                service.config().errors.report(&format!("accept: {error}"));
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves `service` by way of hyper on one connection, until it ends.
///
/// # Errors
///
/// What hyper says, and what the operating system says of the addresses.
pub async fn serve_connection(
    stream: TcpStream,
    service: Rc<Service>,
) -> Result<(), Box<dyn std::error::Error>> {
    let (server, client) = (stream.get_ref().local_addr()?, stream.get_ref().peer_addr()?);
    let timer = Timer::new();
    let head = service.config().head;
    let site = Site::new(service, server, client, timer);
    let ended = http1::Builder::new()
        .timer(timer)
        .header_read_timeout(head)
        .serve_connection(Io(stream), site)
        .await;
    match ended {
        Err(error) if wsgi::is_nobodys_fault(&error) => Ok(()),
        other => Ok(other?),
    }
}
// ANCHOR_END: serve
