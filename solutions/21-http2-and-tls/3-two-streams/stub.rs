#![doc = include_str!("../README.md")]

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
    // Yours to fill.
}

impl Mux {
    /// A connection without streams.
    pub fn new(limits: Limits) -> Self {
        todo!("nothing is open")
    }

    /// A stream begins.
    pub fn open(&mut self, stream: u32) {
        todo!("it gets a window, and a place among the others")
    }

    /// The application sends bytes. Says how many of them were taken, the first ones.
    pub fn push(&mut self, stream: u32, bytes: &[u8]) -> usize {
        todo!("as many as there is room for")
    }

    /// The application has sent all.
    pub fn finish(&mut self, stream: u32) {
        todo!("the end is to be sent too")
    }

    /// The client is not interested any more.
    pub fn reset(&mut self, stream: u32) {
        todo!("forget it")
    }

    /// The client takes so many bytes more, on that stream, or on the connection if it is 0.
    pub fn window_update(&mut self, stream: u32, increment: u32) {
        todo!("which window is it?")
    }

    /// From now on, streams begin with that window.
    pub fn settings(&mut self, window: u32) {
        todo!("what does that mean for those that are open?")
    }

    /// What is to be written next.
    pub fn next_frame(&mut self) -> Option<Data> {
        todo!("whose turn is it, and what may it send?")
    }
}
