//! Chapter 2's server on Ebb: the same functions, with an `await` wherever they blocked.
//!
//! The application still speaks WSGI, so two things differ that are not the word `await`. A request's body is read
//! whole before the application is called, which could not wait for it; and what the application sleeps on its
//! [`Pace`](event_loop::Pace), the server sleeps for it.
//!
//! It leaves out what chapter 2 leaves out.

use std::future::poll_fn;
use std::io::{self, Cursor, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use event_loop::Service;
use futures_io::AsyncRead;
use wsgi::protocol::{Connection, Event, Head, Phase, Refusal};
use wsgi::responder::{Progress, Responder};
use wsgi::server::{extra_headers, is_gone};
use wsgi::{Circumstances, Environ};

use crate::io::write_all_patiently;
use crate::{TcpListener, TcpStream, sleep, spawn, timeout};

/// How long a closing connection is listened to.
const LINGER: Duration = Duration::from_secs(1);

// ANCHOR: serve
/// Serves `service` to whoever connects, each in a task of their own, for ever.
pub async fn serve(listener: &TcpListener, service: Rc<Service>) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => {
                let service = Rc::clone(&service);
                let connection = async move {
                    if let Err(error) = serve_connection(&stream, client, &service).await {
                        service.config().errors.report(&format!("{client}: {error}"));
                    }
                };
                drop(spawn(connection));
            }
            // Somebody has left again before being let in.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                service.config().errors.report(&format!("accept: {error}"));
                // Out of file descriptors, most likely. Asking again at once would spin.
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
// ANCHOR_END: serve

/// Serves `service` on one connection, until it ends.
///
/// # Errors
///
/// What the stream says, except that a client that has gone is no error.
pub async fn serve_connection(
    stream: &TcpStream,
    client: SocketAddr,
    service: &Service,
) -> io::Result<()> {
    let connection = Connection::new(service.config().limits.clone());
    let mut wire = Wire { stream, client, connection, out: Vec::new(), service };
    let ended = wire.answer_requests().await;
    let closed = wire.close().await;
    match ended.and(closed) {
        Err(error) if is_gone(&error) => Ok(()),
        other => other,
    }
}

/// A stream, and the protocol spoken on it.
struct Wire<'a> {
    stream: &'a TcpStream,
    client: SocketAddr,
    connection: Connection,
    out: Vec<u8>,
    service: &'a Service,
}

impl Wire<'_> {
    // ANCHOR: requests
    async fn answer_requests(&mut self) -> io::Result<()> {
        let requests = self.service.config().requests;
        for number in 1..=requests {
            let Some(head) = self.next_head().await? else {
                break;
            };
            if number == requests {
                self.connection.close_after_response();
            }
            self.answer(&head).await?;
            if !self.connection.next_request() {
                break;
            }
        }
        Ok(())
    }

    async fn answer(&mut self, head: &Head) -> io::Result<()> {
        let environ = match self.environ_of(head).await {
            Ok(environ) => environ,
            Err(Unfit::Refused(refusal)) => return self.refuse(&refusal).await,
            Err(Unfit::Broken(error)) => return Err(error),
        };
        let headers = extra_headers(self.service.config());
        let mut responder = Responder::new(self.service.app(), environ, headers);
        loop {
            let part = responder.ask();
            // The application wanted to sleep first. It can't; we can.
            let asleep = self.service.pace().take();
            if !asleep.is_zero() {
                sleep(asleep).await;
            }
            let progress = responder.put(part, &mut self.connection, &mut self.out);
            self.flush().await?;
            match progress {
                Progress::More => {}
                Progress::Finished => return Ok(()),
                Progress::Failed(error) => {
                    let line = format!("{} {}: {error}", head.method, head.target);
                    self.service.config().errors.report(&line);
                    return Ok(());
                }
            }
        }
    }
    // ANCHOR_END: requests

    // ANCHOR: next_head
    /// The next request's head; none if there will be none.
    async fn next_head(&mut self) -> io::Result<Option<Head>> {
        let config = self.service.config();
        let idle_until = executor::now() + config.idle;
        let mut head_until = None;
        loop {
            match self.connection.next_event() {
                Ok(Event::Head(head)) => return Ok(Some(head)),
                Ok(Event::NeedInput) => {}
                Ok(_) => return Ok(None),
                Err(refusal) => {
                    self.refuse(&refusal).await?;
                    return Ok(None);
                }
            }
            let deadline = match self.connection.phase() {
                Phase::Idle => idle_until,
                _ => *head_until.get_or_insert_with(|| executor::now() + config.head),
            };
            if self.read_until(deadline).await? == Fed::TooLate {
                if self.connection.phase() != Phase::Idle {
                    self.refuse(&Refusal::Timeout).await?;
                }
                return Ok(None);
            }
        }
    }
    // ANCHOR_END: next_head

    /// The request's body, whole, and what else the application is told.
    async fn environ_of(&mut self, head: &Head) -> Result<Environ, Unfit> {
        let mut body = Vec::new();
        loop {
            match self.connection.next_event() {
                Ok(Event::Body(part)) => {
                    body.extend_from_slice(&part);
                    continue;
                }
                Ok(Event::NeedInput) => {}
                Ok(_) => break,
                Err(refusal) => return Err(Unfit::Refused(refusal)),
            }
            self.connection.ask_for_body(&mut self.out);
            self.flush().await?;
            let deadline = executor::now() + self.service.config().body;
            if self.read_until(deadline).await? == Fed::TooLate {
                return Err(Unfit::Refused(Refusal::Timeout));
            }
        }
        let config = self.service.config();
        let circumstances = Circumstances {
            server: self.stream.get_ref().local_addr()?,
            client: self.client,
            multithread: false,
            multiprocess: config.multiprocess,
        };
        let (input, errors) = (Box::new(Cursor::new(body)), Box::new(config.errors.clone()));
        Environ::new(head, circumstances, input, errors).map_err(Unfit::Refused)
    }

    // ANCHOR: read_until
    /// Reads once and feeds what came, unless the deadline passes first.
    async fn read_until(&mut self, deadline: Duration) -> io::Result<Fed> {
        let left = deadline.saturating_sub(executor::now());
        let mut stream = self.stream;
        // The buffer is filled and emptied within a poll, so it need not live in the future.
        let connection = &mut self.connection;
        let read = poll_fn(|context| {
            let mut buffer = [0; 8 * 1024];
            let read = Pin::new(&mut stream).poll_read(context, &mut buffer);
            read.map_ok(|count| match count {
                0 => connection.feed_eof(),
                count => connection.feed(&buffer[..count]),
            })
        });
        match timeout(left, read).await {
            Some(fed) => fed.map(|()| Fed::Fed),
            None => Ok(Fed::TooLate),
        }
    }
    // ANCHOR_END: read_until

    async fn refuse(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.connection.refuse(refusal, &mut self.out);
        self.flush().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let mut stream = self.stream;
        let patience = self.service.config().write;
        let written = write_all_patiently(patience, &mut stream, &self.out).await;
        self.out.clear();
        written.map_err(|error| match error.kind() {
            ErrorKind::TimedOut => io::Error::new(
                ErrorKind::TimedOut,
                "the client made no room for the response in time",
            ),
            _ => error,
        })
    }

    /// Closes so that the client gets to read the last response.
    ///
    /// A close with bytes unread makes the kernel send a reset, and a reset can overtake the response (RFC 9112, section 9.6).
    async fn close(&mut self) -> io::Result<()> {
        self.stream.get_ref().shutdown(Shutdown::Write)?;
        if self.connection.is_sound() {
            return Ok(());
        }
        let mut left = self.service.config().drain;
        let mut stream = self.stream;
        let rest = poll_fn(|context| {
            let mut buffer = [0; 8 * 1024];
            loop {
                match std::task::ready!(Pin::new(&mut stream).poll_read(context, &mut buffer)) {
                    Ok(count) if count > 0 && (count as u64) < left => left -= count as u64,
                    _ => return std::task::Poll::Ready(()),
                }
            }
        });
        let _ = timeout(LINGER, rest).await;
        Ok(())
    }
}

/// Whether a read brought something.
#[derive(Debug, PartialEq, Eq)]
enum Fed {
    /// Bytes, or the end.
    Fed,
    /// Nothing in time.
    TooLate,
}

/// Why the application is not called.
enum Unfit {
    Refused(Refusal),
    Broken(io::Error),
}

impl From<io::Error> for Unfit {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
