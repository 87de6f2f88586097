//! The driver that blocks: one connection at a time, one request after the other.
//!
//! All it adds to the [protocol](crate::protocol) is waiting: for a client, for bytes, for room to write; and for how long.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::app::App;
use crate::clock::{Clock, WallClock, http_date};
use crate::environ::{Circumstances, Environ};
use crate::headers::Headers;
use crate::protocol::{Connection, Event, Head, Limits, Phase, Refusal};
use crate::responder::{Asked, Progress, Responder};

/// How the server is set up.
#[derive(Clone)]
pub struct Config {
    /// How much of a request is read.
    pub limits: Limits,
    /// How long a connection may stay silent between two requests, and before the first.
    pub idle: Duration,
    /// How long a head may take, from its first byte to its last.
    pub head: Duration,
    /// How long the next bytes of a body may take.
    pub body: Duration,
    /// How long the client may take to make room for more of the response.
    pub write: Duration,
    /// How many requests are answered on one connection; 1 is no keep-alive.
    pub requests: usize,
    /// How much of an unread request body is read and thrown away, to keep a connection.
    pub drain: u64,
    /// Whether another thread may call the application meanwhile; the application is told.
    pub multithread: bool,
    /// Whether another process may.
    pub multiprocess: bool,
    /// Whether responses say `date` and `server`.
    pub signed: bool,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where failures are reported, one line each; also the application's `errors`.
    pub errors: ErrorLog,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            idle: Duration::from_secs(5),
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            write: Duration::from_secs(30),
            requests: 1_000,
            drain: 256 * 1024,
            multithread: false,
            multiprocess: false,
            signed: true,
            clock: Arc::new(WallClock::new()),
            errors: ErrorLog::new(io::stderr()),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("limits", &self.limits)
            .field("idle", &self.idle)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

/// A writer that several may hold.
#[derive(Clone)]
pub struct ErrorLog {
    writer: Arc<Mutex<dyn Write + Send>>,
}

impl ErrorLog {
    /// A log that ends up in `writer`.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self { writer: Arc::new(Mutex::new(writer)) }
    }

    /// Writes one line. Control characters are escaped, so that a client cannot write lines of its own.
    pub fn report(&self, line: &str) {
        let mut text: String =
            line.chars()
                .flat_map(|c| {
                    if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }
                })
                .collect();
        text.push('\n');
        // A server that cannot even complain can only go on.
        let _ = self.lock().write_all(text.as_bytes());
    }

    fn lock(&self) -> MutexGuard<'_, dyn Write + Send + 'static> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for ErrorLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().flush()
    }
}

/// A stream that a server can talk over.
pub trait Transport: Read + Write + Send + 'static {
    /// Bounds the next reads: one that takes longer fails with [`ErrorKind::TimedOut`] or [`ErrorKind::WouldBlock`].
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn read_within(&mut self, time: Duration) -> io::Result<()>;

    /// Bounds the next writes, likewise.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn write_within(&mut self, time: Duration) -> io::Result<()>;

    /// Says that nothing more will be written; reading goes on.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn close_writing(&mut self) -> io::Result<()>;

    /// The addresses of the server and of the client.
    fn addresses(&self) -> (SocketAddr, SocketAddr);
}

const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl Transport for TcpStream {
    fn read_within(&mut self, time: Duration) -> io::Result<()> {
        // Zero would mean "for ever".
        self.set_read_timeout(Some(time.max(Duration::from_millis(1))))
    }

    fn write_within(&mut self, time: Duration) -> io::Result<()> {
        self.set_write_timeout(Some(time.max(Duration::from_millis(1))))
    }

    fn close_writing(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.local_addr().unwrap_or(NOWHERE), self.peer_addr().unwrap_or(NOWHERE))
    }
}

// ANCHOR: serve
/// Serves `app` to whoever connects, one connection at a time, for ever.
pub fn serve(listener: &TcpListener, app: &dyn App, config: &Config) {
    serve_each(listener.incoming(), app, config);
}

/// Serves `app` on each of the connections that `incoming` yields, one after the other.
pub fn serve_each(
    incoming: impl IntoIterator<Item = io::Result<TcpStream>>,
    app: &dyn App,
    config: &Config,
) {
    for accepted in incoming {
        match accepted {
            Ok(stream) => {
                if let Err(error) = serve_connection(stream, app, config) {
                    config.errors.report(&format!("connection: {error}"));
                }
            }
            Err(error) => {
                config.errors.report(&format!("accept: {error}"));
                // Out of file descriptors, most likely. Asking again at once would spin.
                config.clock.sleep(Duration::from_millis(50));
            }
        }
    }
}
// ANCHOR_END: serve

/// Serves `app` on one connection, until it ends.
///
/// This is what a thread calls that has a connection of its own.
///
/// # Errors
///
/// What the stream says, except that a client that has gone is no error.
pub fn serve_connection<S: Transport>(stream: S, app: &dyn App, config: &Config) -> io::Result<()> {
    let wire = Arc::new(Mutex::new(Wire::new(stream, config)));
    let ended = answer_requests(&wire, app, config);
    let closed = lock(&wire).close();
    match ended.and(closed) {
        Err(error) if is_gone(&error) => Ok(()),
        other => other,
    }
}

// ANCHOR: requests
fn answer_requests<S: Transport>(
    wire: &Arc<Mutex<Wire<S>>>,
    app: &dyn App,
    config: &Config,
) -> io::Result<()> {
    for number in 1..=config.requests {
        let Some(head) = lock(wire).next_head()? else {
            break;
        };
        if number == config.requests {
            lock(wire).connection.close_after_response();
        }
        answer(wire, number, &head, app, config)?;
        if !lock(wire).next_request()? {
            break;
        }
    }
    Ok(())
}

fn answer<S: Transport>(
    wire: &Arc<Mutex<Wire<S>>>,
    number: usize,
    head: &Head,
    app: &dyn App,
    config: &Config,
) -> io::Result<()> {
    let environ = match environ_of(wire, number, head, config) {
        Ok(environ) => environ,
        Err(refusal) => return lock(wire).refuse(&refusal),
    };
    let mut responder = Responder::new(app, environ, extra_headers(config));
    loop {
        // The application works here, and the wire is free: it may read the request between two parts.
        let part = responder.ask();
        let mut wire = lock(wire);
        let progress = wire.put(&mut responder, part)?;
        match progress {
            Progress::More => {}
            Progress::Finished => return Ok(()),
            Progress::Failed(error) => {
                config.errors.report(&format!("{} {}: {error}", head.method, head.target));
                return Ok(());
            }
        }
    }
}
// ANCHOR_END: requests

fn environ_of<S: Transport>(
    wire: &Arc<Mutex<Wire<S>>>,
    number: usize,
    head: &Head,
    config: &Config,
) -> Result<Environ, Refusal> {
    let (server, client) = lock(wire).stream.addresses();
    let circumstances = Circumstances {
        server,
        client,
        multithread: config.multithread,
        multiprocess: config.multiprocess,
    };
    let input = Input { wire: Arc::clone(wire), number, part: Vec::new(), used: 0 };
    lock(wire).number = number;
    Environ::new(head, circumstances, Box::new(input), Box::new(config.errors.clone()))
}

/// What the server adds to a response unless the application says it (RFC 9110, sections 6.6.1 and 10.2.4).
pub fn extra_headers(config: &Config) -> Headers {
    let mut headers = Headers::new();
    if config.signed {
        headers.push("date", http_date(config.clock.date()));
        headers.push("server", "tidepool");
    }
    headers
}

/// Whether the client has gone, which is nobody's failure.
pub fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
    )
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds the wire; if something did, the wire would still be good for closing.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream, and the protocol spoken on it.
struct Wire<S> {
    stream: S,
    connection: Connection,
    out: Vec<u8>,
    /// Which request is being answered.
    number: usize,
    config: Config,
}

impl<S: Transport> Wire<S> {
    fn new(stream: S, config: &Config) -> Self {
        Self {
            stream,
            connection: Connection::new(config.limits.clone()),
            out: Vec::new(),
            number: 0,
            config: config.clone(),
        }
    }

    // ANCHOR: next_head
    /// The next request's head; none if there will be none.
    fn next_head(&mut self) -> io::Result<Option<Head>> {
        let now = self.config.clock.now();
        let idle_until = now + self.config.idle;
        let mut head_until = None;
        loop {
            match self.connection.next_event() {
                Ok(Event::Head(head)) => return Ok(Some(head)),
                Ok(Event::NeedInput) => {}
                Ok(_) => return Ok(None),
                Err(refusal) => {
                    self.refuse(&refusal)?;
                    return Ok(None);
                }
            }
            let deadline = match self.connection.phase() {
                Phase::Idle => idle_until,
                _ => *head_until.get_or_insert_with(|| self.config.clock.now() + self.config.head),
            };
            if self.read_until(deadline)? == Fed::TooLate {
                if self.connection.phase() != Phase::Idle {
                    self.refuse(&Refusal::Timeout)?;
                }
                return Ok(None);
            }
        }
    }
    // ANCHOR_END: next_head

    /// The next part of the request's body; none at its end.
    fn next_part(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.connection.next_event() {
                Ok(Event::Body(part)) => return Ok(Some(part)),
                Ok(Event::NeedInput) => {}
                Ok(_) => return Ok(None),
                Err(refusal) => return Err(io::Error::new(ErrorKind::InvalidData, refusal)),
            }
            self.connection.ask_for_body(&mut self.out);
            self.flush()?;
            let deadline = self.config.clock.now() + self.config.body;
            if self.read_until(deadline)? == Fed::TooLate {
                self.connection.give_up(Refusal::Timeout);
            }
        }
    }

    /// Reads once and feeds what came, unless the deadline passes first.
    fn read_until(&mut self, deadline: Duration) -> io::Result<Fed> {
        let mut buffer = [0; 8 * 1024];
        loop {
            let left = deadline.saturating_sub(self.config.clock.now());
            if left.is_zero() {
                return Ok(Fed::TooLate);
            }
            self.stream.read_within(left)?;
            match self.stream.read(&mut buffer) {
                Ok(0) => self.connection.feed_eof(),
                Ok(count) => self.connection.feed(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(Fed::TooLate);
                }
                Err(error) => return Err(error),
            }
            return Ok(Fed::Fed);
        }
    }

    fn put(&mut self, responder: &mut Responder, part: Asked) -> io::Result<Progress> {
        let progress = responder.put(part, &mut self.connection, &mut self.out);
        self.flush()?;
        Ok(progress)
    }

    fn refuse(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.connection.refuse(refusal, &mut self.out);
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        self.stream.write_within(self.config.write)?;
        let written = self.stream.write_all(&self.out).and_then(|()| self.stream.flush());
        self.out.clear();
        written.map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => io::Error::new(
                ErrorKind::TimedOut,
                "the client made no room for the response in time",
            ),
            _ => error,
        })
    }

    /// After a response: passes over what the application left of the request's body, and goes on to the next request.
    fn next_request(&mut self) -> io::Result<bool> {
        let mut left = self.config.drain;
        while self.connection.keep_alive() && self.connection.phase() == Phase::Body {
            match self.next_part() {
                Ok(Some(part)) if part.len() as u64 <= left => left -= part.len() as u64,
                Ok(None) => {}
                Ok(Some(_)) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::InvalidData => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(self.connection.next_request())
    }

    /// Closes so that the client gets to read the last response.
    ///
    /// A close with bytes unread makes the kernel send a reset, and a reset can overtake the response (RFC 9112, section 9.6).
    fn close(&mut self) -> io::Result<()> {
        const LINGER: Duration = Duration::from_secs(1);
        self.stream.close_writing()?;
        if self.connection.is_sound() {
            return Ok(());
        }
        let deadline = self.config.clock.now() + LINGER;
        let mut left = self.config.drain;
        let mut buffer = [0; 8 * 1024];
        while left > 0 {
            let time = deadline.saturating_sub(self.config.clock.now());
            if time.is_zero() {
                break;
            }
            self.stream.read_within(time)?;
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => left = left.saturating_sub(count as u64),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
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

/// The request's body, read from the wire as the application asks for it.
struct Input<S> {
    wire: Arc<Mutex<Wire<S>>>,
    /// Which request it belongs to: an application that keeps it longer reads nothing of the next one.
    number: usize,
    part: Vec<u8>,
    used: usize,
}

impl<S: Transport> Read for Input<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.used == self.part.len() {
            let mut wire = lock(&self.wire);
            if wire.number != self.number {
                return Ok(0);
            }
            self.part = wire.next_part()?.unwrap_or_default();
            self.used = 0;
        }
        let count = buffer.len().min(self.part.len() - self.used);
        buffer[..count].copy_from_slice(&self.part[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}
