//! The protocol half of the server, without input or output: bytes in, events out; responses in, bytes out.
//!
//! A [`Connection`] never sees a socket.
//! Whoever drives it reads bytes from somewhere, [feeds](Connection::feed) them, asks for the [next event](Connection::next_event),
//! and writes somewhere what the connection appends to a buffer.
//! So the same state machine serves a blocking thread, an event loop with ten thousand connections, and an `async fn`.
//!
//! What the driver decides, because it depends on how one waits:
//!
//! - **when to read**: only after [`Event::NeedInput`]; then the connection holds at most one request head, or nothing, beyond what was fed last.
//!   A driver that does not read leaves the bytes to the kernel, whose buffer fills, which stops the client: that is backpressure.
//! - **when to write**: the connection appends to a buffer the driver owns, and the driver asks for the next part when it has written the last one.
//! - **how long to wait**: [`Connection::phase`] says what the connection is waiting for, and so which bound applies;
//!   a driver whose bound has passed answers [`Refusal::Timeout`].
//!
//! The specifications are RFC 9110 (what requests and responses mean) and RFC 9112 (how HTTP/1.1 writes them down).
//! Where RFC 9112 lets a server be lenient with a malformed request, this one refuses: two programs that read the same bytes differently are an attack.

mod body;
mod head;
mod response;

use std::collections::VecDeque;

pub use head::{Framing, Head, Version};
pub use response::{StartError, check_start};

use body::Chunks;
use response::Outgoing;

use crate::headers::Headers;

/// How much of a request the connection is prepared to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request line (RFC 9112, section 3, asks for 8,000 or more). Beyond: 414.
    pub request_line: usize,
    /// Bytes of the whole head; also of the trailers of a chunked body. Beyond: 431.
    pub head: usize,
    /// Number of header fields. Beyond: 431.
    pub headers: usize,
    /// Bytes of the body. Beyond: 413.
    pub body: u64,
    /// Bytes of the line that opens a chunk, with its extensions. Beyond: 400.
    pub chunk_line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_line: 8 * 1024,
            head: 16 * 1024,
            headers: 100,
            body: 8 * 1024 * 1024,
            chunk_line: 256,
        }
    }
}

/// What the connection has to say about the bytes so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request's head is whole.
    Head(Head),
    /// A part of the request's body, never empty; where it is cut depends on how the bytes arrived.
    Body(Vec<u8>),
    /// The request is whole. Said again at every call until [`Connection::next_request`].
    End,
    /// Nothing more can be said before more bytes are fed.
    NeedInput,
    /// The client closed its side, and no request was under way.
    Closed,
}

/// What the connection is waiting for: which of the driver's bounds on time applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// For the first byte of a request.
    Idle,
    /// For the rest of a request's head.
    Head,
    /// For the rest of a request's body.
    Body,
    /// For nothing: the request is whole, refused, or the client is gone.
    Done,
}

/// Why a request is refused, and with which status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The first byte can begin no method: TLS spoken to a plain port looks like this.
    #[error("this is not HTTP: expected a method such as GET, found byte {0:#04x}")]
    NotHttp(u8),
    /// The request line is not `METHOD SP TARGET SP VERSION` (RFC 9112, section 3).
    #[error("malformed request line: expected METHOD TARGET HTTP/1.1 with single spaces")]
    RequestLine,
    /// The target is none of the four forms, or has a fragment, or a byte that is not visible ASCII (RFC 9112, section 3.2).
    #[error("malformed request target: {0}")]
    Target(&'static str),
    /// A method this server cannot serve (RFC 9110, section 9.3.6).
    #[error("CONNECT asks for a tunnel, which this server does not dig")]
    Connect,
    /// A major version other than 1, or a minor one this server does not know (RFC 9110, section 15.6.6).
    #[error("this server speaks HTTP/1.0 and HTTP/1.1")]
    Version,
    /// A line ends in LF without CR, or has a CR inside (RFC 9112, section 2.2).
    #[error("every line of a head ends in CR LF, and has neither inside")]
    LineEnd,
    /// A header's value goes on in the next line (RFC 9112, section 5.2).
    #[error("a header's value may not be folded over two lines")]
    Fold,
    /// White space between a header's name and the colon (RFC 9112, section 5.1).
    #[error("no space is allowed between a header's name and its colon")]
    SpaceBeforeColon,
    /// A header's name or value holds a byte that may not stand there (RFC 9110, section 5.5).
    #[error("malformed header: a name is a token, a value has no control characters")]
    Header,
    /// None in HTTP/1.1, or two, or one that is no host (RFC 9112, section 3.2).
    #[error("an HTTP/1.1 request names its host once, as HOST or HOST:PORT")]
    Host,
    /// Both `Content-Length` and `Transfer-Encoding`: two readers may disagree where the request ends (RFC 9112, section 6.1).
    #[error("a request has either Content-Length or Transfer-Encoding, not both")]
    BothLengths,
    /// Two `Content-Length`s, or one that is not digits alone (RFC 9110, section 8.6).
    #[error("Content-Length is given once, in decimal digits")]
    ContentLength,
    /// `Transfer-Encoding` that does not end in `chunked`, names it twice, or comes in HTTP/1.0 (RFC 9112, section 6.1).
    #[error("Transfer-Encoding of a request ends in chunked, once, and needs HTTP/1.1")]
    TransferEncoding,
    /// A transfer coding other than `chunked`.
    #[error("the only transfer coding this server knows is chunked")]
    UnknownCoding,
    /// `Expect` with anything but `100-continue` (RFC 9110, section 10.1.1).
    #[error("the only expectation this server knows is 100-continue")]
    Expectation,
    /// A chunk's size is not hexadecimal digits, or its line is too long, or its end is not CR LF (RFC 9112, section 7.1).
    #[error("malformed chunk: {0}")]
    Chunk(&'static str),
    /// The request line is longer than [`Limits::request_line`].
    #[error("the request line is longer than this server reads")]
    RequestLineTooLong,
    /// The head or the trailers are longer than [`Limits::head`], or have more fields than [`Limits::headers`].
    #[error("the request's headers are more than this server reads")]
    HeadTooLarge,
    /// The body is longer than [`Limits::body`].
    #[error("the request's body is longer than this server reads")]
    BodyTooLarge,
    /// The client closed in the middle of a request.
    #[error("the connection was closed in the middle of a request")]
    Truncated,
    /// A bound on time has passed: said by the driver, never by the connection.
    #[error("the request did not arrive in time")]
    Timeout,
}

impl Refusal {
    /// The status that answers it.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Timeout => "408 Request Timeout",
            Self::BodyTooLarge => "413 Content Too Large",
            Self::RequestLineTooLong => "414 URI Too Long",
            Self::Expectation => "417 Expectation Failed",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::Connect | Self::UnknownCoding => "501 Not Implemented",
            Self::Version => "505 HTTP Version Not Supported",
            _ => "400 Bad Request",
        }
    }
}

/// Where the reading side stands.
#[derive(Debug)]
enum Incoming {
    /// Collecting a head; the scan goes on where it stopped.
    Head(head::Scan),
    /// So many bytes of a body with a known length are still to come.
    Length(u64),
    /// In a chunked body.
    Chunked(Chunks),
    /// The request is whole.
    Done,
    /// The request was refused: nothing after it can be trusted.
    Refused(Refusal),
    /// The client closed between requests.
    Closed,
}

/// One client's connection: requests come out, responses go in.
///
/// # Examples
///
/// ```
/// use wsgi::protocol::{Connection, Event, Limits};
///
/// let mut connection = Connection::new(Limits::default());
/// connection.feed(b"GET /tide HTTP/1.1\r\nHost: crabsare");
/// assert_eq!(connection.next_event()?, Event::NeedInput);
/// connection.feed(b"cool.com\r\n\r\n");
/// let Event::Head(head) = connection.next_event()? else { panic!("expected a head") };
/// assert_eq!(head.target, "/tide");
/// assert_eq!(connection.next_event()?, Event::End);
///
/// let mut out = Vec::new();
/// connection.start("200 OK", &[("content-length", "4")].into(), &mut out)?;
/// connection.part(b"high", &mut out)?;
/// connection.finish(&mut out)?;
/// assert!(out.ends_with(b"\r\n\r\nhigh"));
/// assert!(connection.next_request());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    /// Bytes fed; those before `used` are done with.
    input: Vec<u8>,
    used: usize,
    eof: bool,
    incoming: Incoming,
    outgoing: Outgoing,
    /// What the response must know about its request.
    facts: Facts,
    /// Bytes of the present body that were handed out.
    body_seen: u64,
}

/// What the response must know about its request.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent facts, each a question with yes or no"
)]
struct Facts {
    /// The request is HTTP/1.1, so the response may be chunked.
    chunks_understood: bool,
    /// The request is HEAD, so the response has no body.
    head_only: bool,
    /// The connection is to stay open afterwards, as far as is known.
    keep_alive: bool,
    /// The client waits for `100 Continue` before it sends the body.
    continue_owed: bool,
}

impl Connection {
    /// A connection on which nothing has been read.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            input: Vec::new(),
            used: 0,
            eof: false,
            incoming: Incoming::Head(head::Scan::default()),
            outgoing: Outgoing::Waiting,
            facts: Facts::default(),
            body_seen: 0,
        }
    }

    /// Takes bytes from the client, cut anyhow.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.used > 0 {
            self.input.drain(..self.used);
            self.used = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    /// Takes the news that the client will send no more.
    pub fn feed_eof(&mut self) {
        self.eof = true;
    }

    /// What the bytes so far amount to.
    ///
    /// # Errors
    ///
    /// The [`Refusal`], once and for ever: after it the connection is good for [`refuse`](Self::refuse) and for being closed.
    pub fn next_event(&mut self) -> Result<Event, Refusal> {
        let event = self.advance();
        if let Err(refusal) = &event {
            self.incoming = Incoming::Refused(refusal.clone());
            self.facts.keep_alive = false;
        }
        event
    }

    fn advance(&mut self) -> Result<Event, Refusal> {
        loop {
            let pending = &self.input[self.used..];
            match &mut self.incoming {
                Incoming::Head(scan) => {
                    let Some(end) = scan.run(pending, &self.limits)? else {
                        return if !self.eof {
                            Ok(Event::NeedInput)
                        } else if pending.is_empty() {
                            self.incoming = Incoming::Closed;
                            Ok(Event::Closed)
                        } else {
                            Err(Refusal::Truncated)
                        };
                    };
                    let head = Head::parse(&pending[scan.start..end], &self.limits)?;
                    self.used += end;
                    self.begin(&head);
                    return Ok(Event::Head(head));
                }
                Incoming::Length(0) => self.incoming = Incoming::Done,
                Incoming::Length(left) => {
                    let here =
                        usize::try_from(*left).map_or(pending.len(), |n| n.min(pending.len()));
                    if here == 0 {
                        return self.need_input();
                    }
                    *left -= here as u64;
                    let part = pending[..here].to_vec();
                    return Ok(self.hand_out(here, part));
                }
                Incoming::Chunked(chunks) => {
                    match chunks.step(pending, self.body_seen, &self.limits)? {
                        body::Step::NeedInput => return self.need_input(),
                        body::Step::Skip(count) => self.used += count,
                        body::Step::Data(count) => {
                            let part = pending[..count].to_vec();
                            return Ok(self.hand_out(count, part));
                        }
                        body::Step::End(count) => {
                            self.used += count;
                            self.incoming = Incoming::Done;
                        }
                    }
                }
                Incoming::Done => {
                    self.facts.continue_owed = false;
                    return Ok(Event::End);
                }
                Incoming::Refused(refusal) => return Err(refusal.clone()),
                Incoming::Closed => return Ok(Event::Closed),
            }
        }
    }

    fn need_input(&self) -> Result<Event, Refusal> {
        if self.eof { Err(Refusal::Truncated) } else { Ok(Event::NeedInput) }
    }

    fn begin(&mut self, head: &Head) {
        self.incoming = match head.framing {
            Framing::Empty => Incoming::Done,
            Framing::Length(length) => Incoming::Length(length),
            Framing::Chunked => Incoming::Chunked(Chunks::default()),
        };
        self.outgoing = Outgoing::Waiting;
        self.facts = Facts {
            chunks_understood: head.version == Version::Http11,
            head_only: head.method == "HEAD",
            keep_alive: head.keep_alive,
            continue_owed: head.expects_continue,
        };
        self.body_seen = 0;
    }

    fn hand_out(&mut self, count: usize, part: Vec<u8>) -> Event {
        self.used += count;
        self.body_seen += count as u64;
        // A client that sends its body no longer waits to be asked for it.
        self.facts.continue_owed = false;
        Event::Body(part)
    }

    /// What the connection is waiting for.
    pub fn phase(&self) -> Phase {
        match &self.incoming {
            Incoming::Head(_) if self.input.len() == self.used => Phase::Idle,
            Incoming::Head(_) => Phase::Head,
            Incoming::Length(_) | Incoming::Chunked(_) => Phase::Body,
            Incoming::Done | Incoming::Refused(_) | Incoming::Closed => Phase::Done,
        }
    }

    /// Bytes that were fed and are not used yet: of a head that is not whole, or of requests sent ahead.
    pub fn buffered(&self) -> usize {
        self.input.len() - self.used
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    pub fn continue_owed(&self) -> bool {
        self.facts.continue_owed
    }

    /// Asks the client for the body, if it waits to be asked (RFC 9110, section 10.1.1).
    ///
    /// Call it when the application first wants the body: an application that answers without it spares the client the sending.
    pub fn ask_for_body(&mut self, out: &mut Vec<u8>) {
        if self.facts.continue_owed && matches!(self.outgoing, Outgoing::Waiting) {
            out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            self.facts.continue_owed = false;
        }
    }

    /// Refuses the rest of the request without a word: the driver's bound has passed while the application waited for the body.
    pub fn give_up(&mut self, refusal: Refusal) {
        self.facts.keep_alive = false;
        self.incoming = Incoming::Refused(refusal);
    }

    /// Whether the request came in whole and nothing came after it: then the connection can be closed without further ado.
    pub fn is_sound(&self) -> bool {
        let settled = match &self.incoming {
            Incoming::Head(_) | Incoming::Done | Incoming::Closed => true,
            Incoming::Length(_) | Incoming::Chunked(_) | Incoming::Refused(_) => false,
        };
        settled && self.buffered() == 0
    }

    /// Whether the present request is HEAD, and its response has no body.
    pub fn is_head(&self) -> bool {
        self.facts.head_only
    }

    /// Whether parts of the response's body go anywhere: not to HEAD, nor with 204 and 304.
    pub fn wants_body(&self) -> bool {
        !matches!(self.outgoing, Outgoing::Bodiless)
    }

    /// Decides that the connection ends after the present response.
    pub fn close_after_response(&mut self) {
        self.facts.keep_alive = false;
    }

    /// Whether another request may follow on this connection, as far as is known now.
    pub fn keep_alive(&self) -> bool {
        self.facts.keep_alive
    }

    /// Goes on to the next request, if both sides of this one are done and the connection stays open.
    ///
    /// False means: close.
    pub fn next_request(&mut self) -> bool {
        let ready = self.facts.keep_alive
            && matches!(self.incoming, Incoming::Done)
            && matches!(self.outgoing, Outgoing::Done);
        if ready {
            self.incoming = Incoming::Head(head::Scan::default());
            self.outgoing = Outgoing::Waiting;
            self.facts = Facts::default();
        }
        ready
    }

    /// Starts the response: appends its head to `out`.
    ///
    /// The connection adds what only it can know: how the body is delimited, and whether the connection stays open.
    /// Without a `Content-Length` the body goes out in chunks, or until the connection closes if the client speaks HTTP/1.0.
    ///
    /// # Errors
    ///
    /// [`StartError`], and nothing is appended, if status or headers may not be sent, or a response was started already.
    pub fn start(
        &mut self,
        status: &str,
        headers: &Headers,
        out: &mut Vec<u8>,
    ) -> Result<(), StartError> {
        let length = check_start(status, headers)?;
        if !matches!(self.outgoing, Outgoing::Waiting) {
            return Err(StartError::AlreadyStarted);
        }
        // Without `100 Continue` the client may or may not send the body: nobody can tell where the next request would begin.
        if self.facts.continue_owed {
            self.facts.keep_alive = false;
        }
        self.outgoing = response::encode_head(status, headers, length, &mut self.facts, out);
        Ok(())
    }

    /// Sends a part of the response's body: appends it to `out` as the framing demands.
    ///
    /// An empty part appends nothing. (An empty chunk would end the body.) To HEAD, and with 204 and 304, nothing is ever appended.
    ///
    /// # Errors
    ///
    /// [`StartError::NotStarted`] before [`start`](Self::start) and after [`finish`](Self::finish);
    /// [`StartError::TooLong`] if the parts are longer than the announced length: then nothing of this part is appended, and the connection must be closed.
    pub fn part(&mut self, part: &[u8], out: &mut Vec<u8>) -> Result<(), StartError> {
        let sent = self.outgoing.part(part, out);
        if sent.is_err() {
            self.facts.keep_alive = false;
        }
        sent
    }

    /// Ends the response.
    ///
    /// # Errors
    ///
    /// [`StartError::TooShort`] if fewer bytes came than the announced length; then the connection must be closed, so that the client sees that some are missing.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), StartError> {
        let ended = self.outgoing.finish(out);
        if ended.is_err() {
            self.facts.keep_alive = false;
        }
        ended
    }

    /// Answers a refused request with its status and one line of text, and ends the connection.
    ///
    /// Appends nothing if a response is already under way: then closing is all that is left.
    pub fn refuse(&mut self, refusal: &Refusal, out: &mut Vec<u8>) {
        self.give_up(refusal.clone());
        self.plain(refusal.status(), &refusal.to_string(), out);
    }

    /// Answers for an application that failed before it started: 500, or the refusal if it was the request that failed it.
    pub fn fail(&mut self, out: &mut Vec<u8>) {
        self.facts.keep_alive = false;
        if let Incoming::Refused(refusal) = &self.incoming {
            let refusal = refusal.clone();
            self.plain(refusal.status(), &refusal.to_string(), out);
        } else {
            self.plain("500 Internal Server Error", "The application failed.", out);
        }
    }

    /// Sends a whole response of one line of plain text, if none was started.
    pub fn plain(&mut self, status: &str, line: &str, out: &mut Vec<u8>) {
        let text = format!("{line}\n");
        let headers = Headers::from([
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", &text.len().to_string()),
        ]);
        let whole = self
            .start(status, &headers, out)
            .and_then(|()| self.part(text.as_bytes(), out))
            .and_then(|()| self.finish(out));
        debug_assert!(
            matches!(whole, Ok(()) | Err(StartError::AlreadyStarted)),
            "a plain response is well formed"
        );
    }
}

/// Everything a connection says about `parts`, fed one after the other, with adjacent body parts joined.
///
/// A refusal is the last item. For tests and for the curious: the events do not depend on where the bytes are cut, and this shows it.
pub fn events_of<'a>(
    parts: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
) -> Vec<Result<Event, Refusal>> {
    let mut connection = Connection::new(limits);
    let mut parts: VecDeque<&[u8]> = parts.into_iter().collect();
    let mut events: Vec<Result<Event, Refusal>> = Vec::new();
    loop {
        match connection.next_event() {
            Ok(Event::NeedInput) => match parts.pop_front() {
                Some(part) => connection.feed(part),
                None => connection.feed_eof(),
            },
            Ok(Event::Body(part)) => match events.last_mut() {
                Some(Ok(Event::Body(body))) => body.extend_from_slice(&part),
                _ => events.push(Ok(Event::Body(part))),
            },
            Ok(Event::End) => {
                events.push(Ok(Event::End));
                let mut out = Vec::new();
                connection.plain("200 OK", "heard", &mut out);
                if !connection.next_request() {
                    return events;
                }
            }
            Ok(Event::Closed) => {
                events.push(Ok(Event::Closed));
                return events;
            }
            Ok(head) => events.push(Ok(head)),
            Err(refusal) => {
                events.push(Err(refusal));
                return events;
            }
        }
    }
}
