//! The next turn is that of the stream behind the one that has sent.
//!
//! caught by: an_end_in_between_changes_no_turn

use std::collections::{BTreeMap, VecDeque};

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
    streams: BTreeMap<u32, Stream>,
    /// Who has sent last.
    sent: u32,
}

#[derive(Debug)]
struct Stream {
    window: i64,
    waiting: VecDeque<u8>,
    finished: bool,
}

impl Stream {
    /// How many bytes it may send now, on a connection with that window. 0 is an end without bytes.
    fn may_send(&self, connection: i64, frame: usize) -> Option<usize> {
        if self.waiting.is_empty() {
            return self.finished.then_some(0);
        }
        let room = usize::try_from(self.window.min(connection)).ok()?;
        let bytes = room.min(frame).min(self.waiting.len());
        (bytes > 0).then_some(bytes)
    }
}

impl Mux {
    /// A connection without streams.
    pub fn new(limits: Limits) -> Self {
        Self { limits, window: limits.connection.into(), streams: BTreeMap::new(), sent: 0 }
    }

    /// A stream begins.
    pub fn open(&mut self, stream: u32) {
        let window = self.limits.stream.into();
        let begun = Stream { window, waiting: VecDeque::new(), finished: false };
        self.streams.insert(stream, begun);
    }

    /// The application sends bytes. Says how many of them were taken, the first ones.
    pub fn push(&mut self, stream: u32, bytes: &[u8]) -> usize {
        let Some(stream) = self.streams.get_mut(&stream) else { return 0 };
        let taken = bytes.len().min(self.limits.waiting - stream.waiting.len());
        stream.waiting.extend(&bytes[..taken]);
        taken
    }

    /// The application has sent all.
    pub fn finish(&mut self, stream: u32) {
        if let Some(stream) = self.streams.get_mut(&stream) {
            stream.finished = true;
        }
    }

    /// The client is not interested any more.
    pub fn reset(&mut self, stream: u32) {
        self.streams.remove(&stream);
    }

    /// The client takes so many bytes more, on that stream, or on the connection if it is 0.
    pub fn window_update(&mut self, stream: u32, increment: u32) {
        if stream == 0 {
            self.window += i64::from(increment);
        } else if let Some(stream) = self.streams.get_mut(&stream) {
            stream.window += i64::from(increment);
        }
    }

    /// From now on, streams begin with that window.
    pub fn settings(&mut self, window: u32) {
        let difference = i64::from(window) - i64::from(self.limits.stream);
        for stream in self.streams.values_mut() {
            stream.window += difference;
        }
        self.limits.stream = window;
    }

    /// What is to be written next.
    pub fn next_frame(&mut self) -> Option<Data> {
        let behind = self.streams.range(self.sent + 1..);
        let (id, count) =
            behind.chain(self.streams.range(..=self.sent)).find_map(|(id, stream)| {
                Some((*id, stream.may_send(self.window, self.limits.frame)?))
            })?;
        let stream = self.streams.get_mut(&id)?;
        let bytes: Vec<u8> = stream.waiting.drain(..count).collect();
        let sent = i64::try_from(count).expect("a window is an i64");
        stream.window -= sent;
        self.window -= sent;
        self.sent = id;
        let end = stream.finished && stream.waiting.is_empty();
        if end {
            self.streams.remove(&id);
        }
        Some(Data { stream: id, bytes, end })
    }
}
