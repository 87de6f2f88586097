//! A window says how long a frame may be.
//!
//! caught by: a_frame_has_a_largest_size

use std::collections::VecDeque;

/// A frame of a stream's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// Whose it is.
    pub stream: u32,
    /// Part of the body.
    pub bytes: Vec<u8>,
    /// It is the last one of its stream (END_STREAM).
    pub end: bool,
}

/// What a connection begins with.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The connection's window, in bytes.
    pub connection: u32,
    /// The window of each stream, in bytes.
    pub stream: u32,
    /// The most bytes in a frame; at least 1.
    pub frame: usize,
    /// The most bytes that wait on a stream; at least 1.
    pub waiting: usize,
}

/// The sending side of a connection.
#[derive(Debug)]
pub struct Mux {
    limits: Limits,
    /// The connection's window.
    window: i64,
    /// In the order in which they are asked: who has sent last stands last.
    streams: VecDeque<Stream>,
}

#[derive(Debug)]
struct Stream {
    id: u32,
    /// Below zero if the client has changed its mind after we had sent.
    window: i64,
    waiting: VecDeque<u8>,
    finished: bool,
}

impl Stream {
    /// How many bytes it may send now, on a connection with that window. 0 is an end without bytes.
    fn may_send(&self, connection: i64, _frame: usize) -> Option<usize> {
        if self.waiting.is_empty() {
            return self.finished.then_some(0);
        }
        let room = usize::try_from(self.window.min(connection)).ok()?;
        let bytes = room.min(self.waiting.len());
        (bytes > 0).then_some(bytes)
    }
}

impl Mux {
    /// A connection without streams.
    pub fn new(limits: Limits) -> Self {
        Self { limits, window: limits.connection.into(), streams: VecDeque::new() }
    }

    /// A stream begins.
    pub fn open(&mut self, stream: u32) {
        self.streams.push_back(Stream {
            id: stream,
            window: self.limits.stream.into(),
            waiting: VecDeque::new(),
            finished: false,
        });
    }

    /// The application sends bytes. Says how many of them were taken, the first ones.
    pub fn push(&mut self, stream: u32, bytes: &[u8]) -> usize {
        let most = self.limits.waiting;
        let Some(stream) = self.stream(stream) else { return 0 };
        let taken = bytes.len().min(most - stream.waiting.len());
        stream.waiting.extend(&bytes[..taken]);
        taken
    }

    /// The application has sent all.
    pub fn finish(&mut self, stream: u32) {
        if let Some(stream) = self.stream(stream) {
            stream.finished = true;
        }
    }

    /// The client is not interested any more.
    pub fn reset(&mut self, stream: u32) {
        self.streams.retain(|other| other.id != stream);
    }

    /// The client takes so many bytes more, on that stream, or on the connection if it is 0.
    pub fn window_update(&mut self, stream: u32, increment: u32) {
        if stream == 0 {
            self.window += i64::from(increment);
        } else if let Some(stream) = self.stream(stream) {
            stream.window += i64::from(increment);
        }
    }

    /// From now on, streams begin with that window.
    pub fn settings(&mut self, window: u32) {
        let difference = i64::from(window) - i64::from(self.limits.stream);
        for stream in &mut self.streams {
            stream.window += difference;
        }
        self.limits.stream = window;
    }

    /// What is to be written next.
    #[expect(
        clippy::missing_panics_doc,
        reason = "what is sent fits into a window, and that is an i64"
    )]
    pub fn next_frame(&mut self) -> Option<Data> {
        let (connection, frame) = (self.window, self.limits.frame);
        let may_send = |stream: &Stream| stream.may_send(connection, frame);
        let (turn, count) = self
            .streams
            .iter()
            .enumerate()
            .find_map(|(turn, stream)| Some((turn, may_send(stream)?)))?;
        let mut stream = self.streams.remove(turn)?;
        let bytes: Vec<u8> = stream.waiting.drain(..count).collect();
        let sent = i64::try_from(count).expect("it is within a window");
        stream.window -= sent;
        self.window -= sent;
        let data =
            Data { stream: stream.id, bytes, end: stream.finished && stream.waiting.is_empty() };
        if !data.end {
            self.streams.push_back(stream);
        }
        Some(data)
    }

    fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.id == id)
    }
}
