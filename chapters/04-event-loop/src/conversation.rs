//! One connection of the server, as a state machine that never waits.
//!
//! [`Conversation::go`] gets as far as it can and says what it would have to wait for.
//! What a thread keeps in its stack stands here in an enum; the bytes in between are the business of [`wsgi::protocol`].
//!
//! Whoever drives it waits: for the stream to be readable or writable, or for a moment, whichever comes first.
//! No poller is named here, and the time is an argument. So the tests need neither sockets nor patience.
//!
//! A request's body is read whole before the application is called, up to [`Limits::body`](wsgi::protocol::Limits):
//! an application that reads its input must not find it empty for now, as it has no way to say "later".

use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use wsgi::protocol::{Connection, Event, Head, Limits, Phase, Refusal};
use wsgi::responder::{Asked, Progress, Responder};
use wsgi::server::extra_headers;
use wsgi::{App, Circumstances, Config, Environ};

use crate::pace::Pace;

/// How many steps one conversation may take before the others get their turn.
const BUDGET: usize = 16;

/// How long a closing connection is listened to.
const LINGER: Duration = Duration::from_secs(1);

/// What is served.
pub struct Service {
    app: Box<dyn App>,
    config: Config,
    pace: Arc<Pace>,
}

impl Service {
    /// Serves `app`, which waits on `pace` and on nothing else.
    pub fn new(app: impl App + 'static, pace: Arc<Pace>, config: Config) -> Self {
        Self { app: Box::new(app), config, pace }
    }

    /// What is called.
    pub fn app(&self) -> &dyn App {
        self.app.as_ref()
    }

    /// How the server is set up.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the application waits on.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A stream on which reading and writing never wait, and return [`ErrorKind::WouldBlock`] instead.
pub trait Stream: Read + Write {
    /// Says that nothing more will be written; reading goes on.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn close_writing(&mut self) -> io::Result<()>;
}

/// A socket that is in non-blocking mode.
impl Stream for &TcpStream {
    fn close_writing(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

// ANCHOR: next
/// What a conversation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// For bytes, until then.
    Read(Duration),
    /// For room to write, until then.
    Write(Duration),
    /// For that moment, and for nothing else.
    Pause(Duration),
    /// For nothing: it has had its share of this turn.
    Again,
    /// It is over.
    Close,
}
// ANCHOR_END: next

// ANCHOR: state
/// Where a conversation stands.
enum State {
    /// The request's head is coming in.
    ReadingHead,
    /// The request's body is coming in.
    ReadingBody { head: Head, body: Vec<u8> },
    /// The application is asked for a part, whenever the last one is written.
    Writing(Responder),
    /// The application sleeps until then; this is what it says next.
    Pausing { until: Duration, responder: Responder, part: Asked },
    /// All is said. The client may still be sending.
    Closing { told: bool, left: u64 },
}

/// One connection: what a thread would have on its stack.
pub struct Conversation {
    state: State,
    connection: Connection,
    /// What is to be written before anything else is done.
    out: Vec<u8>,
    /// What it waits for, and when it stops waiting for that.
    waits: Option<(Wait, Duration)>,
    // ANCHOR_END: state
    server: SocketAddr,
    client: SocketAddr,
    requests: usize,
    // ANCHOR: state
}
// ANCHOR_END: state

/// The things waited for that have a bound in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Request,
    Head,
    Body,
    Write,
    Linger,
}

impl Conversation {
    /// A conversation in which nothing was said, between these two.
    pub fn new(limits: Limits, server: SocketAddr, client: SocketAddr) -> Self {
        Self {
            state: State::ReadingHead,
            connection: Connection::new(limits),
            out: Vec::new(),
            waits: None,
            server,
            client,
            requests: 0,
        }
    }

    // ANCHOR: go
    /// Gets as far as it can.
    ///
    /// # Errors
    ///
    /// What the stream says. The conversation is over then.
    pub fn go(
        &mut self,
        stream: &mut impl Stream,
        service: &Service,
        now: Duration,
    ) -> io::Result<Next> {
        for _ in 0..BUDGET {
            if let Some(next) = self.step(stream, service, now)? {
                return Ok(next);
            }
        }
        Ok(Next::Again)
    }

    /// One step; none if there can be another at once.
    fn step(
        &mut self,
        stream: &mut impl Stream,
        service: &Service,
        now: Duration,
    ) -> io::Result<Option<Next>> {
        if !self.out.is_empty() {
            return self.write(stream, service, now);
        }
        match &mut self.state {
            State::ReadingHead => self.read_head(stream, service, now),
            State::ReadingBody { .. } => self.read_body(stream, service, now),
            State::Writing(_) => Ok(self.ask(service, now)),
            State::Pausing { until, .. } if now < *until => Ok(Some(Next::Pause(*until))),
            State::Pausing { .. } => Ok(self.wake(service)),
            State::Closing { .. } => self.close(stream, now),
        }
    }
    // ANCHOR_END: go

    // ANCHOR: read_head
    fn read_head(
        &mut self,
        stream: &mut impl Stream,
        service: &Service,
        now: Duration,
    ) -> io::Result<Option<Next>> {
        match self.connection.next_event() {
            Ok(Event::Head(head)) => {
                self.connection.ask_for_body(&mut self.out);
                self.state = State::ReadingBody { head, body: Vec::new() };
                Ok(None)
            }
            Ok(Event::NeedInput) => {
                let (wait, bound) = match self.connection.phase() {
                    Phase::Idle => (Wait::Request, service.config.idle),
                    _ => (Wait::Head, service.config.head),
                };
                self.read(stream, wait, now, bound)
            }
            Ok(_) => Ok(self.over(service)),
            Err(refusal) => Ok(self.refuse(&refusal, service)),
        }
    }
    // ANCHOR_END: read_head

    fn read_body(
        &mut self,
        stream: &mut impl Stream,
        service: &Service,
        now: Duration,
    ) -> io::Result<Option<Next>> {
        match self.connection.next_event() {
            Ok(Event::Body(part)) => {
                if let State::ReadingBody { body, .. } = &mut self.state {
                    body.extend_from_slice(&part);
                }
                Ok(None)
            }
            Ok(Event::NeedInput) => self.read(stream, Wait::Body, now, service.config.body),
            Ok(_) => Ok(self.call(service, now)),
            Err(refusal) => Ok(self.refuse(&refusal, service)),
        }
    }

    /// The request is whole: calls the application.
    fn call(&mut self, service: &Service, now: Duration) -> Option<Next> {
        let State::ReadingBody { head, body } =
            std::mem::replace(&mut self.state, State::ReadingHead)
        else {
            return None;
        };
        self.requests += 1;
        if self.requests >= service.config.requests {
            self.connection.close_after_response();
        }
        let circumstances = Circumstances {
            server: self.server,
            client: self.client,
            multithread: false,
            multiprocess: service.config.multiprocess,
        };
        let input = Box::new(Cursor::new(body));
        let errors = Box::new(service.config.errors.clone());
        let environ = match Environ::new(&head, circumstances, input, errors) {
            Ok(environ) => environ,
            Err(refusal) => return self.refuse(&refusal, service),
        };
        let responder =
            Responder::new(service.app.as_ref(), environ, extra_headers(&service.config));
        self.state = State::Writing(responder);
        self.ask(service, now)
    }

    // ANCHOR: ask
    /// Asks the application for its next part. If it wanted to sleep first, the part is kept until the sleep would be over.
    fn ask(&mut self, service: &Service, now: Duration) -> Option<Next> {
        // ANCHOR_END: ask
        // The application was called since the last note was taken, or was not called at all.
        // ANCHOR: ask
        let State::Writing(mut responder) = std::mem::replace(&mut self.state, State::ReadingHead)
        else {
            return None;
        };
        let part = responder.ask();
        let asleep = service.pace.take();
        if asleep.is_zero() {
            return self.put(responder, part, service);
        }
        self.state = State::Pausing { until: now.saturating_add(asleep), responder, part };
        None
    }

    /// The sleep is over.
    fn wake(&mut self, service: &Service) -> Option<Next> {
        let State::Pausing { responder, part, .. } =
            std::mem::replace(&mut self.state, State::ReadingHead)
        else {
            return None;
        };
        self.put(responder, part, service)
    }
    // ANCHOR_END: ask

    fn put(&mut self, mut responder: Responder, part: Asked, service: &Service) -> Option<Next> {
        match responder.put(part, &mut self.connection, &mut self.out) {
            Progress::More => self.state = State::Writing(responder),
            Progress::Finished if self.connection.next_request() => {
                self.state = State::ReadingHead;
            }
            Progress::Finished => return self.over(service),
            Progress::Failed(error) => {
                service.config.errors.report(&format!("{}: {error}", self.client));
                return self.over(service);
            }
        }
        None
    }

    fn refuse(&mut self, refusal: &Refusal, service: &Service) -> Option<Next> {
        self.connection.refuse(refusal, &mut self.out);
        self.over(service)
    }

    fn over(&mut self, service: &Service) -> Option<Next> {
        self.state = State::Closing { told: false, left: service.config.drain };
        None
    }

    /// Closes so that the client gets to read the last response: a close with bytes unread is a reset (RFC 9112, section 9.6).
    fn close(&mut self, stream: &mut impl Stream, now: Duration) -> io::Result<Option<Next>> {
        let State::Closing { told, left } = &mut self.state else { return Ok(None) };
        if !*told {
            *told = true;
            stream.close_writing()?;
            if self.connection.is_sound() {
                return Ok(Some(Next::Close));
            }
        }
        let mut buffer = [0; 8 * 1024];
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 && count as u64 <= *left => *left -= count as u64,
            Ok(_) => return Ok(Some(Next::Close)),
            Err(error) => return self.wait(error, Wait::Linger, now, LINGER),
        }
        Ok(None)
    }

    // ANCHOR: read
    /// Reads once and feeds what came.
    fn read(
        &mut self,
        stream: &mut impl Stream,
        wait: Wait,
        now: Duration,
        bound: Duration,
    ) -> io::Result<Option<Next>> {
        let mut buffer = [0; 8 * 1024];
        match stream.read(&mut buffer) {
            Ok(0) => self.connection.feed_eof(),
            Ok(count) => self.connection.feed(&buffer[..count]),
            Err(error) => return self.wait(error, wait, now, bound),
        }
        if wait != Wait::Head {
            self.waits = None;
        }
        Ok(None)
    }
    // ANCHOR_END: read

    /// Writes once.
    fn write(
        &mut self,
        stream: &mut impl Stream,
        service: &Service,
        now: Duration,
    ) -> io::Result<Option<Next>> {
        match stream.write(&self.out) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                self.out.drain(..count);
                self.waits = None;
            }
            Err(error) => return self.wait(error, Wait::Write, now, service.config.write),
        }
        Ok(None)
    }

    // ANCHOR: wait
    /// What to wait for after this error, if it says that there is something to wait for.
    ///
    /// A wait that goes on keeps its deadline: a client that sends a byte of its head now and then does not move it.
    fn wait(
        &mut self,
        error: io::Error,
        wait: Wait,
        now: Duration,
        bound: Duration,
    ) -> io::Result<Option<Next>> {
        match error.kind() {
            ErrorKind::Interrupted => return Ok(None),
            ErrorKind::WouldBlock => {}
            _ => return Err(error),
        }
        let until = match self.waits {
            Some((present, until)) if present == wait => until,
            _ => now.saturating_add(bound),
        };
        self.waits = Some((wait, until));
        if now < until {
            let next = if wait == Wait::Write { Next::Write(until) } else { Next::Read(until) };
            return Ok(Some(next));
        }
        self.waits = None;
        match wait {
            // It has had its time to ask.
            Wait::Head | Wait::Body => {
                self.connection.refuse(&Refusal::Timeout, &mut self.out);
                self.state = State::Closing { told: false, left: 0 };
                Ok(None)
            }
            Wait::Request | Wait::Write | Wait::Linger => Ok(Some(Next::Close)),
        }
    }
    // ANCHOR_END: wait
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("state", &self.doing()).finish_non_exhaustive()
    }
}

impl Conversation {
    /// What it is doing, in words.
    pub fn doing(&self) -> &'static str {
        match &self.state {
            _ if !self.out.is_empty() => "writing",
            State::ReadingHead => "reading head",
            State::ReadingBody { .. } => "reading body",
            State::Writing(_) => "writing",
            State::Pausing { .. } => "pausing",
            State::Closing { .. } => "closing",
        }
    }
}
