//! One WebSocket after its handshake: who may say what, when one has to answer, and until when.
//!
//! Still without I/O and without a clock: bytes and the time come in, bytes and deadlines come out.
//! What moves the bytes asks four things over and over: [`output`](Session::output) to write, [`event`](Session::event) to pass on,
//! [`deadline`](Session::deadline) to wait for, and [`is_over`](Session::is_over).

use std::mem;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gateway::{Close, Message};

use crate::close::{codes, shortened};
use crate::decoder::{Decoder, Event, Place};
use crate::encoder::Encoder;
use crate::fault::Fault;
use crate::frame::Opcode;

/// How long one waits for the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After how long a silence the peer is asked whether it is there; `None` never asks. Default: 20 s.
    pub ping_interval: Option<Duration>,
    /// How long it may then be silent still; `None` is for ever. Default: 20 s.
    pub ping_timeout: Option<Duration>,
    /// How long the peer has to answer a close frame, and to read it. Default: 10 s.
    pub close: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Some(Duration::from_secs(20)),
            close: Duration::from_secs(10),
        }
    }
}

/// Where the two sides are in saying goodbye.
// ANCHOR: state
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Messages go both ways.
    Open,
    /// Our close frame is out, and the peer's is to come.
    Closing { until: Instant },
    /// Nothing more is read. What is in the output is still written, up to then.
    Ending { until: Instant },
    /// Nothing more is read or written.
    Over,
}
// ANCHOR_END: state

/// One side of a WebSocket.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    encoder: Encoder,
    patience: Patience,
    state: State,
    out: Vec<u8>,
    /// What was in `out` before is being written.
    writing: bool,
    /// The answer to the last ping, which does for the earlier ones as well (RFC 6455, section 5.5.3).
    /// In a box, as it goes out at once, where the client reads.
    pong: Option<Box<Bytes>>,
    /// When the peer was last heard of.
    heard: Instant,
    /// When it was asked whether it is there, if nothing was heard since.
    asked: Option<Instant>,
    /// How it ended, for the application. In a box, as most have not.
    end: Option<Box<Close>>,
}

impl Session {
    /// A WebSocket that was opened just now.
    pub fn new(decoder: Decoder, encoder: Encoder, patience: Patience, now: Instant) -> Self {
        Self {
            decoder,
            encoder,
            patience,
            state: State::Open,
            out: Vec::new(),
            writing: false,
            pong: None,
            heard: now,
            asked: None,
            end: None,
        }
    }

    /// Reads from the front of `input`, up to the end of the next message. Says how much that was.
    ///
    /// Without a message all of `input` was used. Pings and close frames are answered in the [output](Self::output).
    pub fn event(&mut self, input: &mut [u8], now: Instant) -> (usize, Option<Message>) {
        if input.is_empty() {
            return (0, None);
        }
        self.resume(now);
        let mut used = 0;
        while matches!(self.state, State::Open | State::Closing { .. }) {
            let (count, event) = match self.decoder.decode(&mut input[used..]) {
                Ok(read) => read,
                Err(fault) => {
                    self.fail(fault, now);
                    break;
                }
            };
            used += count;
            let Some(event) = event else { return (used, None) };
            if let Some(message) = self.said(event, now) {
                return (used, Some(message));
            }
        }
        (input.len(), None)
    }

    /// The place for what is still to come of a long payload, if that is at least `least` bytes: who reads to it saves a copy.
    /// It has to be [given back](Self::placed) before anything else is read.
    pub fn place(&mut self, least: usize) -> Option<Place> {
        if self.is_open() { self.decoder.place(least) } else { None }
    }

    /// Takes the place back, with what was read to it.
    pub fn placed(&mut self, place: Place, now: Instant) -> Option<Message> {
        if place.read() > 0 {
            self.resume(now);
        }
        match self.decoder.placed(place) {
            Ok(event) => event.and_then(|event| self.said(event, now)),
            Err(fault) => {
                self.fail(fault, now);
                None
            }
        }
    }

    /// The peer has said something. Returns what the application is to be told.
    fn said(&mut self, event: Event, now: Instant) -> Option<Message> {
        let is_open = self.state == State::Open;
        match event {
            Event::Text(text) if is_open => return Some(Message::Text(text)),
            Event::Binary(bytes) if is_open => return Some(Message::Binary(bytes)),
            Event::Ping(bytes) if is_open => {
                self.pong = Some(Box::new(bytes));
                self.answer();
            }
            // Who has said goodbye listens for nothing else.
            Event::Text(_) | Event::Binary(_) | Event::Ping(_) | Event::Pong(_) => {}
            Event::Close(close) => self.closed_by_peer(close, now),
        }
        None
    }

    /// Sends a message. Nothing happens once a close frame is out.
    pub fn send(&mut self, message: &Message) {
        if self.state != State::Open {
            return;
        }
        match message {
            Message::Text(text) => self.encoder.text(text, &mut self.out),
            Message::Binary(bytes) => self.encoder.binary(bytes, &mut self.out),
        }
    }

    /// Sends a message and leaves its payload where it is, if it can be sent as it is: that has to be written right behind the
    /// [output](Self::output) as it is then. Says whether it can.
    pub fn send_head(&mut self, message: &Message) -> bool {
        let (opcode, length) = match message {
            Message::Text(text) => (Opcode::Text, text.len()),
            Message::Binary(bytes) => (Opcode::Binary, bytes.len()),
        };
        self.state == State::Open && self.encoder.head(opcode, length, &mut self.out)
    }

    /// Says goodbye first. Nothing happens if a close frame is out already.
    ///
    /// # Panics
    ///
    /// With a code that must not be sent.
    pub fn close(&mut self, code: u16, reason: &str, now: Instant) {
        if self.state != State::Open {
            return;
        }
        self.say_goodbye(Some((code, reason)));
        self.ended(code, shortened(reason).to_owned());
        self.state = State::Closing { until: now + self.patience.close };
    }

    /// The connection is lost, or the peer has closed its sending side.
    pub fn lost(&mut self) {
        self.state = State::Over;
        self.ended(codes::LOST, String::new());
    }

    /// What is to be written. Who takes it, and has written it, says so by [`written`](Self::written).
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// How many bytes wait to be taken.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Takes what is to be written, and leaves `place`, which is empty, in its place. From now on it is being written.
    pub fn take_output(&mut self, place: &mut Vec<u8>) {
        mem::swap(&mut self.out, place);
        self.writing |= !place.is_empty();
    }

    /// What was taken from the output is written.
    pub fn written(&mut self) {
        self.writing = false;
        if !self.is_flushed() {
            return;
        }
        if matches!(self.state, State::Ending { .. }) {
            self.state = State::Over;
        }
        self.answer();
    }

    // ANCHOR: deadline
    /// When [`expire`](Self::expire) is to be called, if nothing else happens before.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Open => match self.asked {
                None => self.heard.checked_add(self.patience.ping_interval?),
                Some(asked) => asked.checked_add(self.patience.ping_timeout?),
            },
            State::Closing { until } | State::Ending { until } => Some(until),
            State::Over => None,
        }
    }
    // ANCHOR_END: deadline

    /// Nobody has read for a while, up to now: the peer's silence in that time says nothing.
    pub fn resume(&mut self, now: Instant) {
        self.heard = now;
        self.asked = None;
    }

    /// It is so late now. Does nothing before the deadline.
    pub fn expire(&mut self, now: Instant) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            State::Open if self.asked.is_none() => {
                self.asked = Some(now);
                self.encoder.ping(b"", &mut self.out);
            }
            State::Open => {
                self.ended(codes::LOST, String::new());
                self.say_goodbye(Some((codes::INTERNAL_ERROR, "no answer to a ping")));
                self.state = State::Ending { until: now + self.patience.close };
            }
            State::Closing { .. } | State::Ending { .. } | State::Over => self.state = State::Over,
        }
    }

    /// Whether messages go both ways.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether the connection is to be closed now.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Whether bytes of the peer are still of interest.
    pub fn is_reading(&self) -> bool {
        matches!(self.state, State::Open | State::Closing { .. })
    }

    /// How it ended, as the application is to be told; `None` while it is open.
    /// A code that was not sent is 1005, a connection that was lost 1006.
    /// The code is that of whoever said goodbye first; section 7.1.5 of RFC 6455 would always have the peer's.
    pub fn end(&self) -> Option<&Close> {
        self.end.as_deref()
    }

    /// This is how it has ended, unless it had before.
    fn ended(&mut self, code: u16, reason: String) {
        self.end.get_or_insert_with(|| Box::new(Close { code, reason }));
    }

    fn is_flushed(&self) -> bool {
        self.out.is_empty() && !self.writing
    }

    /// The answer to a ping goes out when what was written before is out: a peer that does not read cannot make us hold many.
    fn answer(&mut self) {
        if self.state == State::Open
            && self.is_flushed()
            && let Some(pong) = self.pong.take()
        {
            self.encoder.pong(&pong, &mut self.out);
        }
    }

    fn closed_by_peer(&mut self, close: Option<(u16, String)>, now: Instant) {
        if self.state == State::Open {
            self.say_goodbye(close.as_ref().map(|(code, _)| (*code, "")));
            let (code, reason) = close.unwrap_or((codes::NO_CODE, String::new()));
            self.ended(code, reason);
        }
        self.end_after_output(now);
    }

    fn fail(&mut self, fault: Fault, now: Instant) {
        if self.state == State::Open {
            let reason = fault.to_string();
            self.say_goodbye(Some((fault.code(), &reason)));
            self.ended(fault.code(), reason);
        }
        self.end_after_output(now);
    }

    fn end_after_output(&mut self, now: Instant) {
        self.state = if self.is_flushed() {
            State::Over
        } else {
            State::Ending { until: now + self.patience.close }
        };
    }

    fn say_goodbye(&mut self, close: Option<(u16, &str)>) {
        self.pong = None;
        self.encoder.close(close, &mut self.out);
    }
}
